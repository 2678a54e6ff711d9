package sqlstore

import (
	"context"
	"fmt"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/token"
)

var _ token.DeviceStore = (*DB)(nil)

// AddDeviceRequest keeps a request whose user code is free.
func (db *DB) AddDeviceRequest(ctx context.Context, d token.DeviceRequest) (bool, error) {
	doc, err := encode(d)
	if err != nil {
		return false, err
	}
	return db.changed(ctx, `INSERT INTO device_request (digest, user_code, row_version, expires_at, doc) VALUES ($1, $2, 1, $3, $4) ON CONFLICT DO NOTHING`,
		d.Digest, d.UserCode, micros(d.Expires), doc)
}

// DeviceRequest finds a request by the digest of its device code.
func (db *DB) DeviceRequest(ctx context.Context, digest string) (token.DeviceRequest, error) {
	return scanDeviceRequest(db.row(ctx, `SELECT doc, row_version FROM device_request WHERE digest = $1`, digest))
}

// DeviceRequestTyped finds a request by its user code.
func (db *DB) DeviceRequestTyped(ctx context.Context, userCode string) (token.DeviceRequest, error) {
	return scanDeviceRequest(db.row(ctx, `SELECT doc, row_version FROM device_request WHERE user_code = $1`, userCode))
}

func scanDeviceRequest(row scanner) (token.DeviceRequest, error) {
	var doc string
	var version int64
	if err := row.Scan(&doc, &version); err != nil {
		return token.DeviceRequest{}, absent(err, fault.New(fault.DeviceCodeWrong), "read device request")
	}
	d, err := document[token.DeviceRequest](doc)
	d.Row = version
	return d, err
}

// SwapDeviceRequest replaces a request that has not moved.
func (db *DB) SwapDeviceRequest(ctx context.Context, d token.DeviceRequest) (bool, error) {
	doc, err := encode(d)
	if err != nil {
		return false, err
	}
	won, err := db.changed(ctx, `UPDATE device_request SET doc = $1, row_version = row_version + 1 WHERE digest = $2 AND row_version = $3`,
		doc, d.Digest, d.Row)
	if err != nil {
		return false, fmt.Errorf("answer device request: %w", err)
	}
	return won, nil
}
