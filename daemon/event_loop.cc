// SPDX-License-Identifier: Apache-2.0
#include "daemon/event_loop.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace warrant {
namespace {

Error loop_error(const std::string &what) {
  return Error{what + ": " + std::strerror(errno)};
}

Result<UniqueFd> own(int fd, const char *what) {
  if (fd < 0)
    return loop_error(std::string("cannot make ") + what);
  return UniqueFd(fd);
}

Result<UniqueFd> make_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
    return loop_error("cannot block signals");
  return own(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "a signalfd");
}

Result<UniqueFd> make_ticks() {
  UniqueFd ticks =
      WARRANT_TRY(own(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "a timer"));
  itimerspec interval{};
  interval.it_interval.tv_nsec = EventLoop::kTickNanoseconds;
  interval.it_value = interval.it_interval;
  if (::timerfd_settime(ticks.get(), 0, &interval, nullptr) != 0)
    return loop_error("cannot start a timer");
  return ticks;
}

// Never expires: only the clock being set makes it readable.
Status arm_clock(int fd) {
  itimerspec never{};
  never.it_value.tv_sec = INT64_MAX / 2'000'000'000;
  if (::timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr) != 0)
    return loop_error("cannot watch the clock");
  return {};
}

Result<UniqueFd> make_clock() {
  UniqueFd clock = WARRANT_TRY(
      own(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK), "a clock watch"));
  WARRANT_TRY(arm_clock(clock.get()));
  return clock;
}

void drain(int fd) {
  std::array<char, 4096> buffer{};
  while (::read(fd, buffer.data(), buffer.size()) > 0) {
  }
}

// A new name for a file that has one already is whole at once; any other new file is looked at when
// its writer has closed it.
bool is_linked(const std::vector<std::string> &directories, const char *name) {
  return std::any_of(directories.begin(), directories.end(), [&](const std::string &directory) {
    struct stat info {};
    return ::lstat((directory + "/" + name).c_str(), &info) == 0 && info.st_nlink > 1;
  });
}

// Whether anything changed that counts: names that begin with a dot are somebody's temporary files,
// and what becomes of them will come under another name.
bool take_changes(int fd, const std::vector<std::string> &directories) {
  std::array<char, 4096> buffer{};
  bool changed = false;
  for (ssize_t size = 0; (size = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    for (const char *at = buffer.data(); at < buffer.data() + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof(event));
      const char *name = at + sizeof(event);
      if (event.len == 0) // a directory itself, or some were dropped
        changed = true;
      else if (*name != '.')
        changed = changed || (event.mask & IN_CREATE) == 0 || is_linked(directories, name);
      at = name + event.len;
    }
  }
  return changed;
}

} // namespace

EventLoop::EventLoop(UniqueFd poll, UniqueFd signals, UniqueFd files, UniqueFd ticks,
                     UniqueFd clock)
    : poll_(std::move(poll)),
      signals_(std::move(signals)),
      files_(std::move(files)),
      ticks_(std::move(ticks)),
      clock_(std::move(clock)) {}

Result<EventLoop> EventLoop::create(const std::vector<std::string> &directories) {
  UniqueFd poll = WARRANT_TRY(own(::epoll_create1(EPOLL_CLOEXEC), "an epoll"));
  UniqueFd signals = WARRANT_TRY(make_signals());
  UniqueFd files = WARRANT_TRY(own(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "an inotify"));
  UniqueFd ticks = WARRANT_TRY(make_ticks());
  UniqueFd clock = WARRANT_TRY(make_clock());
  EventLoop loop(std::move(poll), std::move(signals), std::move(files), std::move(ticks),
                 std::move(clock));
  for (int fd : {loop.signals_.get(), loop.files_.get(), loop.ticks_.get(), loop.clock_.get()})
    WARRANT_TRY(loop.watch(fd));
  loop.directories_ = directories;
  WARRANT_TRY(loop.watch_directories());
  return loop;
}

Result<bool> EventLoop::watch_directories() {
  std::set<int> watches;
  for (const std::string &directory : directories_) {
    int watch = ::inotify_add_watch(files_.get(), directory.c_str(),
                                    IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM |
                                        IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF);
    if (watch < 0)
      return loop_error("cannot watch " + directory);
    watches.insert(watch);
  }
  bool changed = watches != watches_;
  watches_ = std::move(watches);
  return changed;
}

Status EventLoop::watch(int fd) {
  return add(fd, EPOLLIN);
}

Status EventLoop::watch_edges(int fd) {
  return add(fd, EPOLLIN | EPOLLET);
}

Status EventLoop::add(int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return loop_error("cannot watch a descriptor");
  return {};
}

Result<Wakeup> EventLoop::wait() {
  std::array<epoll_event, 8> ready{};
  Wakeup wakeup;
  int count = ::epoll_wait(poll_.get(), ready.data(), static_cast<int>(ready.size()), -1);
  if (count < 0 && errno != EINTR)
    return loop_error("cannot wait");
  for (int i = 0; i < count; i++) {
    int fd = ready[static_cast<size_t>(i)].data.fd;
    if (fd == signals_.get()) {
      signalfd_siginfo signal{};
      while (::read(fd, &signal, sizeof(signal)) == sizeof(signal))
        (signal.ssi_signo == SIGHUP ? wakeup.changed : wakeup.stop) = true;
    } else if (fd == files_.get()) {
      wakeup.changed = take_changes(fd, directories_) || wakeup.changed;
    } else if (fd == ticks_.get()) {
      drain(fd);
    } else if (fd == clock_.get()) {
      drain(fd);
      WARRANT_TRY(arm_clock(fd));
      wakeup.changed = true;
    }
  }
  return wakeup;
}

} // namespace warrant
