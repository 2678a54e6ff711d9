// Package seal keeps things secret at rest and in the hands of strangers:
// authenticated encryption under keys that are derived, one for each purpose,
// from a master key that never lies beside the data.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// Format of a sealed value, version 1:
//
//	byte 0      1
//	bytes 1-12  nonce
//	the rest    AES-256-GCM ciphertext and tag
//
// The purpose and the caller's context are associated data, so that a value
// sealed for one row or one form cannot be opened as another.
const version1 = 1

const nonceSize = 12

// ErrOpen means that a value was not sealed by this key for this purpose and
// context, or was altered. It says no more on purpose.
var ErrOpen = errors.New("sealed value does not open")

// Custody derives keys from one master key.
type Custody struct {
	master []byte
	random io.Reader
}

// NewCustody takes a master key of at least 32 bytes.
func NewCustody(master []byte, random io.Reader) (*Custody, error) {
	if len(master) < 32 {
		return nil, fmt.Errorf("master key has %d bytes, needs 32", len(master))
	}
	return &Custody{master: append([]byte(nil), master...), random: random}, nil
}

// Key is one purpose's key. It is safe for concurrent use.
type Key struct {
	purpose string
	aead    cipher.AEAD
	mac     []byte
	random  io.Reader
}

// Key derives the key of a purpose, such as "totp seed". The same master and
// purpose give the same key on every node.
func (c *Custody) Key(purpose string) (*Key, error) {
	enc, err := hkdf.Key(sha256.New, c.master, nil, "entente seal "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key for %s: %w", purpose, err)
	}
	mac, err := hkdf.Key(sha256.New, c.master, nil, "entente mac "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive mac key for %s: %w", purpose, err)
	}
	block, err := aes.NewCipher(enc)
	if err != nil {
		return nil, fmt.Errorf("make cipher for %s: %w", purpose, err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher for %s: %w", purpose, err)
	}
	return &Key{purpose: purpose, aead: aead, mac: mac, random: c.random}, nil
}

// Seal encrypts plain for a context, such as the row's id.
func (k *Key) Seal(plain []byte, context string) ([]byte, error) {
	out := make([]byte, 1+nonceSize, 1+nonceSize+len(plain)+16)
	out[0] = version1
	if _, err := io.ReadFull(k.random, out[1:]); err != nil {
		return nil, fmt.Errorf("read nonce: %w", err)
	}
	return k.aead.Seal(out, out[1:1+nonceSize], plain, []byte(k.purpose+"\x00"+context)), nil
}

// Open decrypts what Seal made for the same purpose and context.
func (k *Key) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < 1+nonceSize+16 || sealed[0] != version1 {
		return nil, ErrOpen
	}
	plain, err := k.aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], []byte(k.purpose+"\x00"+context))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// SealText is Seal in URL-safe text.
func (k *Key) SealText(plain []byte, context string) (string, error) {
	b, err := k.Seal(plain, context)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// OpenText opens what SealText made, in its one spelling: the decoder skips
// line ends and spare bits, and a text that serves once must not have twins.
func (k *Key) OpenText(text, context string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != text {
		return nil, ErrOpen
	}
	return k.Open(b, context)
}

// MAC is a keyed digest of 32 bytes over the parts, which are length-prefixed
// so that no two lists collide.
func (k *Key) MAC(parts ...[]byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	for _, p := range parts {
		n := len(p)
		h.Write([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		h.Write(p)
	}
	return h.Sum(nil)
}
