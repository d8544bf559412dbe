# shellcheck shell=bash
# SPDX-License-Identifier: BSL-1.0
# Sourced by the consumer tests whose main program is C: what such a program has to be able to do. Each line is a process.
host_tests() {  # program
  # Guarded faults, on the main thread and on the host's own (trap 30: and Go's own faults after C, Go, C, Go).
  says_ok "$1" fail nested fail
  says_ok "$1" threads
  # The host's handler, there before Go and after Go, gets the host's faults and not ours.
  says_ok "$1" early-handler own-fault fail own-fault nested own-fault
  says_ok "$1" fail handler own-fault fail own-fault threads own-fault
  # Trap 15.
  killed_by SEGV "$1" early-ignore fail die
  killed_by SEGV "$1" early-default fail die
  killed_by SEGV "$1" fail default die
  killed_by SEGV "$1" fail default fail die
  killed_by SEGV "$1" fail ignore die
  killed_by SEGV "$1" fail ignore fail die
  # Trap 11: in a library, Go's Notify and Reset replace the handler of SIGABRT.
  says_ok "$1" fail notify reset fail
  says_ok "$1" notify fail reset
}
