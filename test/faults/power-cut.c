/* Preloaded into a collector, writes down what it does to the queue's file, in order: every write with
 * its bytes, every sync. From this power-cut.ts makes the file as a power cut would have left it. */
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

enum { WRITE = 1, SYNC = 2, OTHER = 3 };

struct record {
  uint64_t time; /* monotonic, in nanoseconds, when the call had returned */
  uint32_t kind;
  uint32_t synced; /* the file was opened with O_DSYNC or O_SYNC */
  uint64_t offset;
  uint64_t length;
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

static int is_queue(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 9) return 0;
  return memcmp(path + length - 9, "/data.mdb", 9) == 0;
}

static void append(int fd, uint32_t kind, uint64_t offset, const struct iovec *iov, int count,
                   uint64_t length) {
  if (log_fd < 0) log_fd = open(getenv("FAULTLINE_WRITE_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  struct record record = {now.tv_sec * 1000000000ull + now.tv_nsec, kind,
                          (fcntl(fd, F_GETFL) & O_DSYNC) != 0, offset, length};
  struct iovec all[1024 + 1] = {{&record, sizeof record}};
  if (count > 1023) abort();
  for (int i = 0; i < count; i++) all[i + 1] = iov[i];
  if (real_writev(log_fd, all, count + 1) != (ssize_t)(sizeof record + length)) abort();
}

static uint64_t total(const struct iovec *iov, int count) {
  uint64_t sum = 0;
  for (int i = 0; i < count; i++) sum += iov[i].iov_len;
  return sum;
}

/* A write that the system cut short is none that can be told; the sizes here never are. */
#define WRITTEN(call, offset, iov, count) \
  if (!is_queue(fd)) return call; \
  pthread_mutex_lock(&lock); \
  uint64_t at = offset; \
  ssize_t done = call; \
  if (done >= 0) { \
    if ((uint64_t)done != total(iov, count)) abort(); \
    append(fd, WRITE, at, iov, count, done); \
  } \
  pthread_mutex_unlock(&lock); \
  return done

#define SYNCED(call) \
  if (!is_queue(fd)) return call; \
  pthread_mutex_lock(&lock); \
  int failed = call; \
  if (!failed) append(fd, SYNC, 0, NULL, 0, 0); \
  pthread_mutex_unlock(&lock); \
  return failed

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

/* Writes through a map cannot be seen from here; whoever reads the log gives up. */
int msync(void *start, size_t length, int flags) {
  REAL(msync);
  pthread_mutex_lock(&lock);
  append(-1, OTHER, 0, NULL, 0, 0);
  pthread_mutex_unlock(&lock);
  return real(start, length, flags);
}
