package pgtest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// run starts the server so that it ends with us even when we are killed. The
// kernel ties that to the thread which started it, so the thread is kept.
func run(c *exec.Cmd) (ended <-chan struct{}, err error) {
	c.SysProcAttr.Pdeathsig = syscall.SIGINT
	started, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait()
		}
		close(done)
	}()
	return done, <-started
}
