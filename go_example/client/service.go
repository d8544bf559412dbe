// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	startTime = 20 * time.Second
	stopTime  = 20 * time.Second
)

// service is the running process.
type service struct {
	command *exec.Cmd
	url     string
	stderr  bytes.Buffer // its log; not to be read before it has stopped
}

// startService starts the program at path and waits for the line that says where it listens.
func startService(path string) (*service, error) {
	s := &service{command: exec.Command(path)}
	s.command.Stderr = &s.stderr
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n') // short where the service died, and then it is no address
		lines <- strings.TrimSpace(line)
	}()
	select {
	case line := <-lines:
		if s.url = strings.TrimPrefix(line, "listening on "); s.url == line {
			s.kill()
			return nil, fmt.Errorf("%s did not say where it listens, but %q\n%s", path, line, &s.stderr)
		}
		return s, nil
	case <-time.After(startTime):
		s.kill()
		return nil, fmt.Errorf("%s did not say where it listens within %v", path, startTime)
	}
}

// stop asks the service to end, as a supervisor would, and returns its log.
func (s *service) stop() (string, error) {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.kill()
		return s.stderr.String(), err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.command.Wait() }()
	select {
	case err := <-ended:
		return s.stderr.String(), err
	case <-time.After(stopTime):
		_ = s.command.Process.Kill()
		<-ended
		return s.stderr.String(), errors.New("it did not stop on SIGTERM")
	}
}

func (s *service) kill() {
	if s.command.ProcessState == nil {
		_ = s.command.Process.Kill()
		_ = s.command.Wait() // says that it was killed
	}
}
