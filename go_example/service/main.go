// SPDX-License-Identifier: BSL-1.0

// Command service answers requests about JSON documents with a C++ library that throws and crashes.
//
//	POST /parse                       the document in canonical form
//	POST /query?pointer=/a/b          the part that the JSON pointer points to
//	POST /merge                       {"target": …, "patch": …}, merged as RFC 7396 says
//	POST /price?item=apple            an item's price in a catalogue
//	POST /page?number=0&size=10       a page of a list
//	POST /depth                       how deep a document is nested
//
// A document that the library refuses is answered with 400 and the library's own words, a bug in the C++ code with 500 and
// the id of an incident, of which the log has the details. The last three have such a bug each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// drainTime is for requests that are under way when the service is told to stop. C++ can't be interrupted. More than the
// 5 s for which Shutdown waits for the first request of a connection (golang/go#22682).
const drainTime = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("see service -help")

// run serves until ctx is done, which is no error, or until C++ can't be used any more, which is one.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	address := flags.String("addr", "127.0.0.1:0", "`host:port` to listen on; port 0 chooses a free one")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, "usage: service [-addr host:port]")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%v; %w", err, errUsage)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; %w", flags.Arg(0), errUsage)
	}

	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	// The one line of stdout: whoever started the service learns from it which port it has.
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	return serve(ctx, listener, operations, newIncidentLog(stderr))
}

func serve(ctx context.Context, listener net.Listener, operations map[string]operation, log incidentLog) error {
	quarantined := make(chan struct{}, 1)
	api := &service{operations: operations, log: log, quarantined: func() {
		select {
		case quarantined <- struct{}{}:
		default: // somebody has said so already
		}
	}}
	server := &http.Server{
		Handler:           api.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	var reason error
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	case <-quarantined:
		reason = errors.New("the C++ heap is corrupt; stopped, so that a supervisor can start a new process")
	}
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return fmt.Errorf("not all requests could be finished: %w", err)
	}
	return reason
}
