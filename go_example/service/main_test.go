// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func TestBadArgumentsAreNamed(t *testing.T) {
	for arguments, want := range map[string]string{
		"-port 80":            "-port",
		"-addr":               "needs an argument",
		"extra":               `"extra"`,
		"-addr 127.0.0.1:tcp": "tcp",
		"-addr nonsense":      "nonsense",
	} {
		err := run(context.Background(), strings.Fields(arguments), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("service %s: %v", arguments, err)
		}
	}
	var help bytes.Buffer
	if err := run(context.Background(), []string{"-help"}, &help, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("service -help: %v", err)
	}
	if !strings.Contains(help.String(), "-addr host:port") {
		t.Errorf("the help is %s", &help)
	}
}

func TestTheServiceSaysWhereItListensAndStopsWhenItIsTold(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, nil, writer, io.Discard) }()
	line := make([]byte, 100)
	n, err := reader.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(string(line[:n]), "listening on "), "\n")
	if status, answer := post(address, "/parse", "[ ]"); status != 200 || answer != "[]" {
		t.Errorf("at %s: %d %s", address, status, answer)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the service ended with %v", err)
	}
	if status, answer := post(address, "/parse", "[ ]"); status != 0 {
		t.Errorf("after its end the service answered %d %s", status, answer)
	}
}

func TestAServiceWhoseLibraryIsQuarantinedEndsWithAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	quarantined := map[string]operation{"/parse": func([]byte, url.Values) ([]byte, error) {
		return nil, &cgoguard.Error{Code: cgoguard.CodeQuarantined}
	}}
	ended := make(chan error, 1)
	go func() { ended <- serve(context.Background(), listener, quarantined, newIncidentLog(io.Discard)) }()
	if status, answer := post(address, "/parse", "[]"); status != 503 {
		t.Errorf("the answer is %d %s", status, answer)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "heap is corrupt") {
		t.Errorf("the service ended with %v", err)
	}
}
