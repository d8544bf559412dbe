// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// exchange is a request with a number in it and the number, or what else belongs to it, in the answer.
type exchange struct {
	path, body string
	status     int
	contains   string
}

func exchanges(n int) []exchange {
	own := fmt.Sprintf(`{"items": [{"name": "item%d", "price": %d}]}`, n, n)
	return []exchange{
		{"/parse", own, 200, fmt.Sprintf(`"price":%d}`, n)},
		{fmt.Sprintf("/price?item=item%d", n), own, 200, fmt.Sprint(n)},
		{"/price?item=none", own, 500, "incident"},
		{fmt.Sprintf("/query?pointer=/none%d", n), own, 400, fmt.Sprintf("key 'none%d' not found", n)},
		{"/merge", fmt.Sprintf(`{"target": {"a": 1}, "patch": {"a": %d}}`, n), 200, fmt.Sprintf(`{"a":%d}`, n)},
		{fmt.Sprintf("/page?number=%d&size=1", n+1), `["only"]`, 500, "incident"},
		{"/parse", fmt.Sprintf(`{"a": unknown%d}`, n), 400, "parse_error"},
		{"/page?number=0&size=1", fmt.Sprintf(`[%d, 0]`, n), 200, fmt.Sprintf(`[%d]`, n)},
	}
}

func TestEveryAnswerBelongsToItsRequestWhileOthersCrash(t *testing.T) {
	const goroutines, rounds = 20, 10
	address, log := startService(t)
	var wait sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		wait.Add(1)
		go func(g int) {
			defer wait.Done()
			for round := 0; round < rounds; round++ {
				mixed := exchanges(1000 + g*rounds + round)
				for i := range mixed {
					x := mixed[(i+g)%len(mixed)]
					if status, answer := post(address, x.path, x.body); status != x.status || !strings.Contains(answer, x.contains) {
						t.Errorf("%s with %s gave %d %s, want %d with %s", x.path, x.body, status, answer, x.status, x.contains)
					}
				}
			}
			if g%10 == 0 { // an overflow takes megabytes of stack, so not all at once
				deep := strings.Repeat("[", 200000) + strings.Repeat("]", 200000)
				if status, answer := post(address, "/depth", deep); status != 500 {
					t.Errorf("/depth gave %d %s", status, answer)
				}
			}
		}(g)
	}
	wait.Wait()
	if status, answer := post(address, "/parse", `{"alive": true}`); status != 200 || answer != `{"alive":true}` {
		t.Errorf("at the end, the service answered %d %s", status, answer)
	}
	if got, want := strings.Count(log.String(), "\n"), goroutines*rounds*2+2; got != want {
		t.Errorf("%d incidents in the log, want %d", got, want)
	}
}
