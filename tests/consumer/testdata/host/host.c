/* SPDX-License-Identifier: BSL-1.0
 * A C program with Go in it. Its arguments are done one after another, in one process: words, see `deeds`. A library is
 * loaded at the first deed that needs it, where this is compiled with LIBRARY; otherwise it is linked. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef char *library_function(void);

#ifdef LIBRARY
static library_function *find(const char *name) {
  static void *library;
  if (library == NULL) library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  library_function *function = library ? (library_function *)dlsym(library, name) : NULL;
  if (function == NULL) {
    printf("%s\n", dlerror());
    exit(1);
  }
  return function;
}
#define CALL(name) find(#name)()
#else
library_function library_fail, library_nested, library_notify, library_wait, library_reset;
#define CALL(name) name()
#endif

static void check(const char *deed, char *said) {
  if (strcmp(said, "OK") != 0) {
    printf("%s: %s\n", deed, said);
    exit(1);
  }
  free(said);
}

static sigjmp_buf back;
static void *volatile fault_address;
static volatile int expected, taken;
static struct sigaction old;

/* As Go asks of handlers that are installed after its own: what isn't ours goes to the one before. */
static void hosts_handler(int number, siginfo_t *info, void *context) {
  if (!expected) {
    if (old.sa_flags & SA_SIGINFO) {
      old.sa_sigaction(number, info, context);
      return;
    }
    static const char text[] = "the host's handler was given a fault that isn't the host's\n";
    _exit(write(STDOUT_FILENO, text, sizeof text - 1) < 0 ? 2 : 1);
  }
  expected = 0;
  ++taken;
  fault_address = info->si_addr;
  siglongjmp(back, 1);
}

static void set_handler(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = hosts_handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &old);
}

/* Not inlined into what calls sigsetjmp; the address is volatile, lest the compiler see the fault coming. */
__attribute__((noinline)) static void fault(void) {
  int *volatile wild = (int *)0x1230;
  *wild = 1;
}

static void recover_own_fault(void) {
  int before = taken;
  expected = 1;
  if (sigsetjmp(back, 1) == 0) fault();
  if (taken != before + 1 || fault_address != (void *)0x1230) {
    printf("the host's handler was called %d times, for %p\n", taken - before, fault_address);
    exit(1);
  }
}

static void *on_thread(void *deed) {
  check("fail", CALL(library_fail));
  check("nested", CALL(library_nested));
  return deed;
}

static void threads(void) {
  for (int round = 0; round < 8; ++round) {
    pthread_t thread[4];
    for (int i = 0; i < 4; ++i) pthread_create(&thread[i], NULL, on_thread, NULL);
    for (int i = 0; i < 4; ++i) pthread_join(thread[i], NULL);
  }
}

static void deed(const char *name) {
  if (strcmp(name, "fail") == 0) {
    check(name, CALL(library_fail));
  } else if (strcmp(name, "nested") == 0) {
    check(name, CALL(library_nested));
  } else if (strcmp(name, "threads") == 0) {
    threads();
  } else if (strcmp(name, "handler") == 0) {
    set_handler();
  } else if (strcmp(name, "own-fault") == 0) {
    recover_own_fault();
  } else if (strcmp(name, "default") == 0) {
    signal(SIGSEGV, SIG_DFL);
  } else if (strcmp(name, "ignore") == 0) {
    signal(SIGSEGV, SIG_IGN);
  } else if (strcmp(name, "die") == 0) {
    fault();
  } else if (strcmp(name, "notify") == 0) {
    check(name, CALL(library_notify));
    kill(getpid(), SIGABRT);
    check(name, CALL(library_wait));
  } else if (strcmp(name, "reset") == 0) {
    check(name, CALL(library_reset));
  } else {
    printf("no deed is called %s\n", name);
    exit(1);
  }
}

/* Before the Go runtime starts, which is in a constructor where it is linked: a shared library's runs before ours. */
static void early(int argc, char **argv, char **environment) {
  (void)environment;
  if (argc > 1 && strncmp(argv[1], "early-", 6) == 0) deed(argv[1] + 6);
}
__attribute__((section(".preinit_array"), used)) static void (*const run_early)(int, char **, char **) = early;

int main(int argc, char **argv) {
  for (int i = argc > 1 && strncmp(argv[1], "early-", 6) == 0 ? 2 : 1; i < argc; ++i) deed(argv[i]);
  puts("OK");
  return 0;
}
