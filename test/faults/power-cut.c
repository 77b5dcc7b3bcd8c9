/* Preloaded into a process, writes down what it does to the files below one folder, in order: every write
 * with its bytes, every sync, every change of a folder. From this power-cut.ts makes the folder as a power
 * cut would have left it. ROOT, the folder as realpath names it, and LOG are set by the compiler. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As KINDS of power-cut.ts. */
enum { WRITE = 1, SYNC, TRUNCATE, RENAME, UNLINK, CREATE, MKDIR, RMDIR, LINK, SYMLINK, SYNC_ALL, EXCHANGE, OTHER };

/* A file's name below ROOT and, for a rename or a link, the other one follow; then the bytes of a write. */
struct record {
  uint64_t time; /* monotonic, in nanoseconds, when the call had returned */
  uint32_t kind;
  uint32_t name_length;
  uint64_t offset;
  uint64_t length; /* of the other name or the bytes */
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

static int real_open(const char *path, int flags) {
  REAL(open);
  return real(path, flags, 0600);
}

/* The part of a whole path that is below ROOT, "" for ROOT itself, NULL for anything else. */
static const char *below(const char *path) {
  size_t length = strlen(ROOT);
  if (strncmp(path, ROOT, length)) return NULL;
  if (path[length] == 0) return path + length;
  return path[length] == '/' ? path + length + 1 : NULL;
}

static const char *name_of_fd(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  /* A file that has no name any more is lost anyway. */
  if (length > 10 && !strcmp(path + length - 10, " (deleted)")) return NULL;
  return below(path);
}

/* The name with the links on its way resolved, but not itself. */
static const char *name_at(int folder, const char *given, char *path) {
  char at[PATH_MAX];
  if (given[0] != '/' && folder != AT_FDCWD) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, at, sizeof at - 1);
    if (length < 0) return NULL;
    snprintf(at + length, sizeof at - length, "/%s", given);
  } else snprintf(at, sizeof at, "%s", given);
  for (size_t end = strlen(at); end > 1 && at[end - 1] == '/'; end--) at[end - 1] = 0;
  char *slash = strrchr(at, '/');
  const char *last = slash ? slash + 1 : at;
  char last_name[NAME_MAX + 1];
  if (strlen(last) > NAME_MAX) return NULL;
  strcpy(last_name, last);
  if (slash) *(slash == at ? slash + 1 : slash) = 0;
  if (!realpath(slash ? at : ".", path)) return NULL;
  snprintf(path + strlen(path), PATH_MAX - strlen(path), "/%s", last_name);
  return below(path);
}

static void append(const char *name, uint32_t kind, uint64_t offset, const struct iovec *iov, int count,
                   uint64_t length) {
  if (log_fd < 0) log_fd = real_open(LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
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

/* A write of several pieces that the system cut short cannot be told; here none is. */
#define WRITTEN(call, place, pieces, count) \
  char path[PATH_MAX]; \
  const char *name = name_of_fd(fd, path); \
  if (!name) return call; \
  pthread_mutex_lock(&lock); \
  ssize_t done = call; \
  int error = errno; \
  if (done > 0) { \
    if (count == 1) pieces[0].iov_len = done; \
    if ((uint64_t)done != total(pieces, count)) abort(); \
    append(name, WRITE, place, pieces, count, done); \
  } \
  pthread_mutex_unlock(&lock); \
  errno = error; \
  return done
/* Where a write ended that began where the file stood. */
#define STOOD lseek(fd, 0, SEEK_CUR) - done

#define DONE(named, kind, offset, pieces, count, call) \
  const char *name = named; \
  if (!name) return call; \
  pthread_mutex_lock(&lock); \
  int result = call; \
  int error = errno; \
  if (result >= 0) append(name, kind, offset, pieces, count, total(pieces, count)); \
  pthread_mutex_unlock(&lock); \
  errno = error; \
  return result

#define NOTHING ((struct iovec *)0)

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  struct iovec one[] = {{(void *)bytes, length}};
  WRITTEN(real(fd, bytes, length), STOOD, one, 1);
}

ssize_t writev(int fd, const struct iovec *iov, int count) {
  struct iovec *pieces = (struct iovec *)iov;
  WRITTEN(real_writev(fd, iov, count), STOOD, pieces, count);
}

#define PWRITE(name, type) \
  ssize_t name(int fd, const void *bytes, size_t length, type offset) { \
    REAL(name); \
    struct iovec one[] = {{(void *)bytes, length}}; \
    WRITTEN(real(fd, bytes, length, offset), offset, one, 1); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, type) \
  ssize_t name(int fd, const struct iovec *iov, int count, type offset) { \
    REAL(name); \
    struct iovec *pieces = (struct iovec *)iov; \
    WRITTEN(real(fd, iov, count, offset), offset, pieces, count); \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define FSYNC(name) \
  int name(int fd) { \
    REAL(name); \
    char path[PATH_MAX]; \
    DONE(name_of_fd(fd, path), SYNC, 0, NOTHING, 0, real(fd)); \
  }
FSYNC(fdatasync)
FSYNC(fsync)

int syncfs(int fd) {
  REAL(syncfs);
  char path[PATH_MAX];
  DONE(name_of_fd(fd, path), SYNC_ALL, 0, NOTHING, 0, real(fd));
}

void sync(void) {
  REAL(sync);
  pthread_mutex_lock(&lock);
  real();
  append("", SYNC_ALL, 0, NULL, 0, 0);
  pthread_mutex_unlock(&lock);
}

#define FTRUNCATE(name, type) \
  int name(int fd, type length) { \
    REAL(name); \
    char path[PATH_MAX]; \
    DONE(name_of_fd(fd, path), TRUNCATE, length, NOTHING, 0, real(fd, length)); \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

int truncate(const char *file, off_t length) {
  REAL(truncate);
  char path[PATH_MAX];
  DONE(name_at(AT_FDCWD, file, path), TRUNCATE, length, NOTHING, 0, real(file, length));
}

/* Written down where it makes a file or empties it. */
#define OPENED(folder, call) \
  va_list rest; \
  va_start(rest, flags); \
  int mode = va_arg(rest, int); \
  va_end(rest); \
  char path[PATH_MAX]; \
  DONE(flags & (O_CREAT | O_TRUNC) ? name_at(folder, file, path) : NULL, CREATE, !!(flags & O_TRUNC), NOTHING, \
       0, call)

#define OPEN(name) \
  int name(const char *file, int flags, ...) { \
    REAL(name); \
    OPENED(AT_FDCWD, real(file, flags, mode)); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int folder, const char *file, int flags, ...) { \
    REAL(name); \
    OPENED(folder, real(folder, file, flags, mode)); \
  }
OPENAT(openat)
OPENAT(openat64)

int creat(const char *file, mode_t mode) {
  REAL(creat);
  char path[PATH_MAX];
  DONE(name_at(AT_FDCWD, file, path), CREATE, 1, NOTHING, 0, real(file, mode));
}

/* What leaves the folder or comes into it from outside is none that can be told. */
#define PAIRED(folder_a, a, folder_b, b, kind, call) \
  char other_path[PATH_MAX], path[PATH_MAX]; \
  const char *other = name_at(folder_b, b, other_path); \
  const char *named = name_at(folder_a, a, path); \
  struct iovec one[] = {{(void *)other, other ? strlen(other) : 0}}; \
  DONE(named ? named : other, named && other ? kind : OTHER, 0, one, 1, call)

int rename(const char *from, const char *to) {
  REAL(rename);
  PAIRED(AT_FDCWD, from, AT_FDCWD, to, RENAME, real(from, to));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  REAL(renameat);
  PAIRED(from_folder, from, to_folder, to, RENAME, real(from_folder, from, to_folder, to));
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  REAL(renameat2);
  PAIRED(from_folder, from, to_folder, to, flags & RENAME_EXCHANGE ? EXCHANGE : RENAME,
         real(from_folder, from, to_folder, to, flags));
}

/* ClickHouse renames in this way where nothing may stand there. */
long syscall(long number, ...) {
  static long (*real)(long, ...);
  if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  va_list rest;
  va_start(rest, number);
  long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long),
       e = va_arg(rest, long), f = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_renameat2) return renameat2(a, (const char *)b, c, (const char *)d, e);
  return real(number, a, b, c, d, e, f);
}

int link(const char *from, const char *to) {
  REAL(link);
  PAIRED(AT_FDCWD, from, AT_FDCWD, to, LINK, real(from, to));
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  REAL(linkat);
  PAIRED(from_folder, from, to_folder, to, LINK, real(from_folder, from, to_folder, to, flags));
}

int symlink(const char *target, const char *file) {
  REAL(symlink);
  char path[PATH_MAX];
  struct iovec one[] = {{(void *)target, strlen(target)}};
  DONE(name_at(AT_FDCWD, file, path), SYMLINK, 0, one, 1, real(target, file));
}

int unlink(const char *file) {
  REAL(unlink);
  char path[PATH_MAX];
  DONE(name_at(AT_FDCWD, file, path), UNLINK, 0, NOTHING, 0, real(file));
}

int unlinkat(int folder, const char *file, int flags) {
  REAL(unlinkat);
  char path[PATH_MAX];
  DONE(name_at(folder, file, path), flags & AT_REMOVEDIR ? RMDIR : UNLINK, 0, NOTHING, 0, real(folder, file, flags));
}

int rmdir(const char *file) {
  REAL(rmdir);
  char path[PATH_MAX];
  DONE(name_at(AT_FDCWD, file, path), RMDIR, 0, NOTHING, 0, real(file));
}

int remove(const char *file) {
  struct stat found;
  return lstat(file, &found) == 0 && S_ISDIR(found.st_mode) ? rmdir(file) : unlink(file);
}

int mkdir(const char *file, mode_t mode) {
  REAL(mkdir);
  char path[PATH_MAX];
  DONE(name_at(AT_FDCWD, file, path), MKDIR, 0, NOTHING, 0, real(file, mode));
}

int mkdirat(int folder, const char *file, mode_t mode) {
  REAL(mkdirat);
  char path[PATH_MAX];
  DONE(name_at(folder, file, path), MKDIR, 0, NOTHING, 0, real(folder, file, mode));
}

/* What these write cannot be seen from here; whoever reads the log gives up. */
ssize_t sendfile(int fd, int from, off_t *offset, size_t count) {
  REAL(sendfile);
  char path[PATH_MAX];
  DONE(name_of_fd(fd, path), OTHER, 0, NOTHING, 0, real(fd, from, offset, count));
}

ssize_t copy_file_range(int from, off64_t *at, int fd, off64_t *to, size_t length, unsigned flags) {
  REAL(copy_file_range);
  char path[PATH_MAX];
  DONE(name_of_fd(fd, path), OTHER, 0, NOTHING, 0, real(from, at, fd, to, length, flags));
}

int msync(void *start, size_t length, int flags) {
  REAL(msync);
  pthread_mutex_lock(&lock);
  append("", OTHER, 0, NULL, 0, 0);
  pthread_mutex_unlock(&lock);
  return real(start, length, flags);
}
