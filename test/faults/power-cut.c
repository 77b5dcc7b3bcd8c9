/* Preloaded into a collector, writes down what it does to the queue's files, in order: every write with
 * its bytes, every sync, every change of the folder. From this power-cut.ts makes the folder as a power
 * cut would have left it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, FOLDER_SYNC = 3, TRUNCATE = 4, RENAME = 5, UNLINK = 6, OTHER = 7 };

/* A file's name, and for a rename its new one, follow; then the bytes of a write. */
struct record {
  uint64_t time; /* monotonic, in nanoseconds, when the call had returned */
  uint32_t kind;
  uint32_t name_length;
  uint64_t offset;
  uint64_t length; /* of the new name or the bytes */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t real_writev(int fd, const struct iovec *iov, int count) {
  REAL(writev);
  return real(fd, iov, count);
}

/* The name in the queue's folder, "" for the folder itself, NULL for anything else. */
static const char *name_of(const char *path) {
  const char *folder = strstr(path, "/queue");
  if (!folder) return NULL;
  const char *rest = folder + strlen("/queue");
  if (*rest == 0) return rest;
  return *rest == '/' && !strchr(rest + 1, '/') ? rest + 1 : NULL;
}

static const char *name_of_fd(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  return name_of(path);
}

static void append(const char *name, uint32_t kind, uint64_t offset, const struct iovec *iov, int count,
                   uint64_t length) {
  if (log_fd < 0) log_fd = open(getenv("FAULTLINE_WRITE_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  struct record record = {now.tv_sec * 1000000000ull + now.tv_nsec, kind, strlen(name), offset, length};
  struct iovec all[1024] = {{&record, sizeof record}, {(void *)name, strlen(name)}};
  if (count > 1022) abort();
  for (int i = 0; i < count; i++) all[i + 2] = iov[i];
  if (real_writev(log_fd, all, count + 2) != (ssize_t)(sizeof record + strlen(name) + length)) abort();
}

static uint64_t total(const struct iovec *iov, int count) {
  uint64_t sum = 0;
  for (int i = 0; i < count; i++) sum += iov[i].iov_len;
  return sum;
}

/* A write that the system cut short is none that can be told; the sizes here never are. */
#define WRITTEN(call, offset, iov, count) \
  char path[4096]; \
  const char *name = name_of_fd(fd, path, sizeof path); \
  if (!name) return call; \
  pthread_mutex_lock(&lock); \
  uint64_t at = offset; \
  ssize_t done = call; \
  if (done >= 0) { \
    if ((uint64_t)done != total(iov, count)) abort(); \
    append(name, WRITE, at, iov, count, done); \
  } \
  pthread_mutex_unlock(&lock); \
  return done

#define DONE(named, kind, offset, iov, count, call) \
  const char *name = named; \
  if (!name) return call; \
  pthread_mutex_lock(&lock); \
  int failed = call; \
  if (!failed) append(name, kind, offset, iov, count, total(iov, count)); \
  pthread_mutex_unlock(&lock); \
  return failed

#define SYNCED(call) \
  char path[4096]; \
  const char *synced = name_of_fd(fd, path, sizeof path); \
  DONE(synced, *synced ? SYNC : FOLDER_SYNC, 0, NULL, 0, call)

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  struct iovec one = {(void *)bytes, length};
  WRITTEN(real(fd, bytes, length), lseek(fd, 0, SEEK_CUR), &one, 1);
}

ssize_t writev(int fd, const struct iovec *iov, int count) {
  WRITTEN(real_writev(fd, iov, count), lseek(fd, 0, SEEK_CUR), iov, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  REAL(pwrite);
  struct iovec one = {(void *)bytes, length};
  WRITTEN(real(fd, bytes, length, offset), offset, &one, 1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  REAL(pwrite64);
  struct iovec one = {(void *)bytes, length};
  WRITTEN(real(fd, bytes, length, offset), offset, &one, 1);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset) {
  REAL(pwritev);
  WRITTEN(real(fd, iov, count, offset), offset, iov, count);
}

ssize_t pwritev64(int fd, const struct iovec *iov, int count, off64_t offset) {
  REAL(pwritev64);
  WRITTEN(real(fd, iov, count, offset), offset, iov, count);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  SYNCED(real(fd));
}

int fsync(int fd) {
  REAL(fsync);
  SYNCED(real(fd));
}

int ftruncate(int fd, off_t length) {
  REAL(ftruncate);
  char path[4096];
  DONE(name_of_fd(fd, path, sizeof path), TRUNCATE, length, NULL, 0, real(fd, length));
}

int ftruncate64(int fd, off64_t length) {
  REAL(ftruncate64);
  char path[4096];
  DONE(name_of_fd(fd, path, sizeof path), TRUNCATE, length, NULL, 0, real(fd, length));
}

int rename(const char *from, const char *to) {
  REAL(rename);
  const char *new_name = name_of(to);
  struct iovec one = {(void *)new_name, new_name ? strlen(new_name) : 0};
  DONE(name_of(from), new_name ? RENAME : OTHER, 0, &one, 1, real(from, to));
}

int unlink(const char *path) {
  REAL(unlink);
  DONE(name_of(path), UNLINK, 0, NULL, 0, real(path));
}

/* Writes through a map cannot be seen from here; whoever reads the log gives up. */
int msync(void *start, size_t length, int flags) {
  REAL(msync);
  pthread_mutex_lock(&lock);
  append("", OTHER, 0, NULL, 0, 0);
  pthread_mutex_unlock(&lock);
  return real(start, length, flags);
}
