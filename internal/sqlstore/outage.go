package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/entente-id/entente/internal/fault"
)

// outage turns a failure of the database itself, such as a full disk or a
// connection that was cut, into DirectoryBusy: asking again later helps, and
// the request was not wrong. Other errors pass unchanged.
func (db *DB) outage(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var network *net.OpError
	cut := errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
	if cut || db.engine.isOutage(err) {
		return busy(err)
	}
	return err
}

// busy asks the caller to come again, and keeps the reason for the log.
func busy(err error) error { return fault.New(fault.DirectoryBusy).Because(err) }

// reading is a row that was asked for outside any transaction.
type reading struct {
	db  *DB
	row scanner
}

func (r reading) Scan(dest ...any) error { return r.db.outage(r.row.Scan(dest...)) }
