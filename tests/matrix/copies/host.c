/* SPDX-License-Identifier: BSL-1.0 */
/* A C program which loads plugins that bring copies of the header. Where SERVING is defined it is linked with an
 * implementation, which plugins may use; otherwise it is without a C++ library.
 *
 *   host global|local survive|crash|told PLUGIN...
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { most = 8, signal_stack_size = 128 * 1024 };
typedef struct plugin {
  void *handle;
  int (*fail)(int);
  int (*in_flight)(void);
  int (*fail_around)(int (*)(int), int, int *);
  void (*crash)(void);
  void *(*make_error)(void);
  void (*free_error)(void *);
  unsigned (*installed)(void), (*live_errors)(void), (*abi_version)(void);
} plugin;
static plugin plugins[most];
static int count;
/* With RTLD_GLOBAL the first copy's C functions serve all of them, and count what the first copy has; so do the
   program's, where it has them. */
static int each_counts_its_own;

static void *find(void *handle, const char *name) {
  void *const found = dlsym(handle, name);
  if (found == NULL) {
    printf("no %s\n", name);
    exit(1);
  }
  return found;
}

static void check(int condition, const char *what, int a, int b) {
  if (condition) return;
  printf("wrong: %s (%d, %d)\n", what, a, b);
  exit(1);
}

/* An error goes back to where it came from, whoever releases it. */
static void release_each_others(void) {
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < count; ++j) {
      const unsigned before = plugins[i].live_errors();
      void *const error = plugins[i].make_error();
      if (each_counts_its_own) check(plugins[i].live_errors() == before + 1, "a live error more", i, j);
      plugins[j].free_error(error);
      check(plugins[i].live_errors() == before, "live errors", i, j);
    }
  }
}

static void survive(const char *when) {
  /* Where libstdc++ is linked statically a catch (...) sees one more (guide.md, Cleanup). */
  const int in_flight = getenv("STATIC_RUNTIMES") != NULL ? 110 : 100;
  static const int want[] = {SIGSEGV, 1 /* exception */, SIGABRT, 3 /* terminate */};
  for (int i = 0; i < count; ++i) {
    check(plugins[i].in_flight() == in_flight, "exceptions in flight", i, plugins[i].in_flight());
    for (int how = 0; how < 4; ++how) check(plugins[i].fail(how) == want[how], when, i, how);
    for (int j = 0; j < count; ++j) {
      for (int how = 0; how < 4; ++how) {
        int inner = 0;
        check(plugins[i].fail_around(plugins[j].fail, how, &inner) == SIGSEGV, "outer guard", i, j);
        check(inner == want[how], "inner guard", i, j);
      }
    }
  }
  release_each_others();
}

/* Trap 44: nothing may be allocated on the signal stack, whose bounds the thread below knows. */
static char *volatile signal_stack;
extern void *__libc_malloc(size_t);
void *malloc(size_t size) {
  char here;
  if (signal_stack != NULL && &here >= signal_stack && &here < signal_stack + signal_stack_size) {
    static const char text[] = "malloc in the signal handler\n";
    if (write(1, text, sizeof text - 1) < 0) _exit(2);
    _exit(1);
  }
  return __libc_malloc(size);
}

static void *on_a_fresh_thread(void *which) {
  stack_t stack = {.ss_sp = signal_stack, .ss_size = signal_stack_size};
  sigaltstack(&stack, NULL);
  check(((plugin *)which)->fail(0) == SIGSEGV, "on a fresh thread", 0, 0);
  return NULL;
}

/* A handler from before all copies. */
static void tell(int number, siginfo_t *info, void *context) {
  static const char text[] = "the host was told\n";
  (void)info, (void)context;
  if (write(1, text, sizeof text - 1) < 0) _exit(2);
  _exit(number == SIGSEGV ? 7 : 2);
}

int main(int argc, char **argv) {
  if (strcmp(argv[2], "told") == 0) {
    struct sigaction action = {.sa_sigaction = tell, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
  }
  alarm(20); /* two handlers that call each other never end by themselves */
  const int scope = strcmp(argv[1], "global") == 0 ? RTLD_GLOBAL : RTLD_LOCAL;
#ifndef SERVING
  each_counts_its_own = scope == RTLD_LOCAL;
#endif
  for (int i = 3; i < argc; ++i) {
    plugin *const p = &plugins[count++];
    p->handle = dlopen(argv[i], RTLD_NOW | scope);
    if (p->handle == NULL) {
      printf("%s\n", dlerror());
      return 1;
    }
    *(void **)&p->fail = find(p->handle, "fail");
    *(void **)&p->in_flight = find(p->handle, "in_flight");
    *(void **)&p->fail_around = find(p->handle, "fail_around");
    *(void **)&p->crash = find(p->handle, "crash");
    *(void **)&p->make_error = find(p->handle, "make_error");
    *(void **)&p->free_error = find(p->handle, "free_error");
    *(void **)&p->live_errors = find(p->handle, "live_errors");
    *(void **)&p->installed = find(p->handle, "installed");
    *(void **)&p->abi_version = find(p->handle, "abi_version");
    survive("after the plugin was loaded");
  }
  signal_stack = __libc_malloc(signal_stack_size);
  for (int i = 0; i < count; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, on_a_fresh_thread, &plugins[i]);
    pthread_join(thread, NULL);
  }
  signal_stack = NULL;
  survive("again");
  unsigned versions = 0;
  for (int i = 0; i < count; ++i) versions |= 1u << plugins[i].abi_version();
  /* The newest is on top of the others. */
  if (each_counts_its_own)
    check(plugins[count - 1].installed() == 7, "handlers installed", (int)plugins[count - 1].installed(), 7);
  /* An unloaded plugin must not take handlers along that others still call. */
  plugin first = plugins[0];
  dlclose(first.handle);
  memmove(plugins, plugins + 1, (size_t)--count * sizeof *plugins);
  if (count > 0) survive("after the first was unloaded");
  if (strcmp(argv[2], "survive") != 0) plugins[0].crash();
  printf("fine, versions %#x\n", versions);
  return 0;
}
