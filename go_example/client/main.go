// SPDX-License-Identifier: BSL-1.0

// Command client starts the service, sends it documents that are valid, malformed and hostile, and shows what came back.
// Its exit status is 0 if every answer was the expected one and the service lived to the end.
//
//	client [-testdata directory] path/to/service
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	testdata := flag.String("testdata", "testdata", "`directory` of the documents")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: client [-testdata directory] path/to/service")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *testdata); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(path, testdata string) error {
	requests, err := allRequests(testdata)
	if err != nil {
		return err
	}
	service, err := startService(path)
	if err != nil {
		return err
	}
	defer service.kill() // does nothing once it has stopped

	answers := make([]answer, len(requests))
	for i, r := range requests {
		answers[i] = r.send(service.url)
	}
	printTable(os.Stdout, answers)
	again := load(service.url, requests)
	// The transport may have dialled once more than it needed, and a server waits for the first request of each connection.
	httpClient.CloseIdleConnections()

	log, err := service.stop()
	if err != nil {
		return fmt.Errorf("the service did not live to the end: %w\n%s", err, log)
	}
	incidents := readIncidents(log)
	printIncident(os.Stdout, incidents)
	return summarize(os.Stdout, append(answers, again...), incidents)
}
