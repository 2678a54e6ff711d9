//go:build !linux

package pgtest

import "os/exec"

// run starts the server; where the kernel cannot end it with us, only an
// orderly end of the tests does.
func run(c *exec.Cmd) (ended <-chan struct{}, err error) {
	if err := c.Start(); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(done)
	}()
	return done, nil
}
