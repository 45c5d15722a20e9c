// Stands between the program and the C library (LD_PRELOAD) and does what its environment says:
//
//   OUBLI_SHIM_STEPS=1         the wall clock steps by up to ten years, forwards or backwards, with
//                              every look at it; intervals (the monotonic clock) stay right
//   OUBLI_SHIM_EXCHANGE=1      two names cannot be exchanged at once, as on NFS; renaming is slow
//   OUBLI_SHIM_FLOCK=none|yes  the file system has no locks, or grants each to everybody
//   OUBLI_SHIM_FAIL=CALL,N,ERRNO  the N-th CALL of each process fails with that number, once
//
// Calls fail for files under OUBLI_SHIM_ROOT only: a program that cannot load its libraries tells
// nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_ours(const char* path) {
  const char* root = getenv("OUBLI_SHIM_ROOT");
  return root != NULL && path != NULL && strncmp(path, root, strlen(root)) == 0;
}

static int is_ours_at(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  path[size > 0 ? size : 0] = '\0';
  return is_ours(path);
}

// Whether this call is the one that fails; sets errno.
static int fails(const char* call, int ours) {
  static int count = 0;
  const char* told = getenv("OUBLI_SHIM_FAIL");
  char wanted[32];
  int number, reason;
  if (!ours || told == NULL || sscanf(told, "%31[a-z],%d,%d", wanted, &number, &reason) != 3 ||
      strcmp(call, wanted) != 0 || __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) != number) {
    return 0;
  }
  errno = reason;
  return 1;
}

#define OPEN(name)                                                        \
  int name(const char* path, int flags, ...) {                            \
    va_list rest;                                                         \
    va_start(rest, flags);                                                \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                         \
    if (fails(flags & O_CREAT ? "create" : "open", is_ours(path))) return -1; \
    return REAL(name)(path, flags, mode);                                 \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void* bytes, size_t count) {
  if (fails("write", is_ours_at(file))) return -1;
  return REAL(write)(file, bytes, count);
}

ssize_t read(int file, void* bytes, size_t count) {
  if (fails("read", is_ours_at(file))) return -1;
  return REAL(read)(file, bytes, count);
}

#define PREAD(name, type)                                          \
  ssize_t name(int file, void* bytes, size_t count, type offset) { \
    if (fails("read", is_ours_at(file))) return -1;                \
    return REAL(name)(file, bytes, count, offset);                 \
  }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

int fsync(int file) { return fails("fsync", is_ours_at(file)) ? -1 : REAL(fsync)(file); }

int mkdir(const char* path, mode_t mode) {
  return fails("mkdir", is_ours(path)) ? -1 : REAL(mkdir)(path, mode);
}

int unlink(const char* path) { return fails("unlink", is_ours(path)) ? -1 : REAL(unlink)(path); }

int unlinkat(int folder, const char* path, int flags) {
  const int ours = path[0] == '/' ? is_ours(path) : folder >= 0 && is_ours_at(folder);
  return fails("unlink", ours) ? -1 : REAL(unlinkat)(folder, path, flags);
}

int rename(const char* from, const char* to) {
  if (fails("rename", is_ours(to))) return -1;
  if (getenv("OUBLI_SHIM_EXCHANGE") != NULL && strstr(to, ".tmp") == NULL) usleep(3000);
  return REAL(rename)(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  if (fails("exchange", is_ours(to))) return -1;
  if (getenv("OUBLI_SHIM_EXCHANGE") != NULL && (flags & RENAME_EXCHANGE) != 0) {
    // As the system does it, the lack of a name is found first.
    errno = access(from, F_OK) == 0 && access(to, F_OK) == 0 ? EINVAL : ENOENT;
    return -1;
  }
  return REAL(renameat2)(from_folder, from, to_folder, to, flags);
}

int flock(int file, int operation) {
  const char* locks = getenv("OUBLI_SHIM_FLOCK");
  if (locks != NULL && strcmp(locks, "yes") == 0) return 0;
  if (locks != NULL) {
    errno = ENOLCK;
    return -1;
  }
  return fails("flock", is_ours_at(file)) ? -1 : REAL(flock)(file, operation);
}

static long step(void) {
  static __thread unsigned state = 1;
  return getenv("OUBLI_SHIM_STEPS") == NULL ? 0 : (long)(rand_r(&state) % 630720000u) - 315360000L;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = REAL(clock_gettime)(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += step();
  return result;
}

int gettimeofday(struct timeval* now, void* zone) {
  (void)zone;
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* result) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (result != NULL) *result = exact.tv_sec;
  return exact.tv_sec;
}
