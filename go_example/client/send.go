// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// answer is what came back for a request.
type answer struct {
	request request
	status  int
	body    string
	err     error // no answer at all
}

// A request that hangs, because a lock was left behind, must end as a failure of the demo.
var httpClient = &http.Client{Timeout: 30 * time.Second}

func (r request) send(url string) answer {
	a := answer{request: r}
	message, err := http.NewRequest(r.method, url+r.path, strings.NewReader(r.body))
	if err != nil {
		a.err = err
		return a
	}
	response, err := httpClient.Do(message)
	if err != nil {
		a.err = err
		return a
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	a.status, a.body, a.err = response.StatusCode, string(body), err
	return a
}

// problem says what is wrong with an answer, or nothing.
func (a answer) problem() string {
	switch {
	case a.err != nil:
		return a.err.Error()
	case a.status != a.request.status:
		return fmt.Sprintf("status %d, expected %d: %s", a.status, a.request.status, firstLine(a.body))
	case !strings.Contains(a.body, a.request.contains):
		return fmt.Sprintf("no %q in the answer %s", a.request.contains, firstLine(a.body))
	}
	return ""
}

// load sends the small ones of the requests again, many at once, good ones and crashing ones mixed.
func load(url string, requests []request) []answer {
	const clients, rounds = 8, 4
	var wait sync.WaitGroup
	var mutex sync.Mutex
	var answers []answer
	for c := 0; c < clients; c++ {
		wait.Add(1)
		go func(c int) {
			defer wait.Done()
			for i := 0; i < rounds*len(requests); i++ {
				r := requests[(i+c*5)%len(requests)] // each client is somewhere else in the list
				if r.generate != nil {
					continue
				}
				a := r.send(url)
				mutex.Lock()
				answers = append(answers, a)
				mutex.Unlock()
			}
		}(c)
	}
	wait.Wait()
	return answers
}
