package file

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

const (
	magic    = "entente-vault-1\n"
	keyIDLen = 8
)

// sealer seals and opens slots with one master key.
type sealer struct {
	aead   cipher.AEAD
	header []byte // magic and key id
}

func newSealer(key Key) (sealer, error) {
	block, err := aes.NewCipher(key.bytes[:])
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, err
	}
	id := sha256.Sum256(append([]byte("entente vault key id\n"), key.bytes[:]...))
	return sealer{aead: aead, header: append([]byte(magic), id[:keyIDLen]...)}, nil
}

func (s sealer) associated(name string) []byte {
	return append(bytes.Clone(s.header), name...)
}

func (s sealer) seal(name string, plain []byte) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	slot := append(bytes.Clone(s.header), nonce...)
	slot = s.aead.Seal(slot, nonce, plain, s.associated(name))
	sum := sha256.Sum256(slot)
	return append(slot, sum[:]...), nil
}

func (s sealer) open(name string, slot []byte) ([]byte, error) {
	shortest := len(s.header) + s.aead.NonceSize() + s.aead.Overhead() + sha256.Size
	if len(slot) < shortest {
		return nil, errors.New("the file is cut short")
	}
	body, sum := slot[:len(slot)-sha256.Size], slot[len(slot)-sha256.Size:]
	if computed := sha256.Sum256(body); !bytes.Equal(computed[:], sum) {
		return nil, errors.New("the checksum does not fit: the file was damaged")
	}
	if !bytes.HasPrefix(body, []byte(magic)) {
		return nil, errors.New("the file is not of a format that this version knows")
	}
	if !bytes.HasPrefix(body, s.header) {
		return nil, errors.New("the file was sealed with another vault key")
	}
	nonce := body[len(s.header) : len(s.header)+s.aead.NonceSize()]
	plain, err := s.aead.Open(nil, nonce, body[len(s.header)+len(nonce):], s.associated(name))
	if err != nil {
		return nil, errors.New("the file does not open: it was tampered with, or it belongs to another record")
	}
	return plain, nil
}
