// SPDX-License-Identifier: Apache-2.0
#include "daemon/event_reader.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace warrant {
namespace {

int hand_over(void *context, void *data, size_t size) {
  auto *handler = static_cast<EventReader::Handler *>(context);
  (*handler)(ByteView(static_cast<const uint8_t *>(data), size));
  return 0;
}

} // namespace

void EventReader::Close::operator()(ring_buffer *ring) const {
  ring_buffer__free(ring);
}

EventReader::EventReader(std::unique_ptr<Handler> handler, std::unique_ptr<ring_buffer, Close> ring)
    : handler_(std::move(handler)), ring_(std::move(ring)) {}

Result<EventReader> EventReader::open(int ring_map, Handler handler) {
  auto kept = std::make_unique<Handler>(std::move(handler));
  std::unique_ptr<ring_buffer, Close> ring(
      ring_buffer__new(ring_map, hand_over, kept.get(), nullptr));
  if (!ring)
    return Error{std::string("cannot read the event ring: ") + std::strerror(errno)};
  return EventReader(std::move(kept), std::move(ring));
}

int EventReader::poll_fd() const {
  return ring_buffer__epoll_fd(ring_.get());
}

Status EventReader::consume() {
  int count = ring_buffer__consume(ring_.get());
  if (count < 0)
    return Error{std::string("cannot read the event ring: ") + std::strerror(-count)};
  return {};
}

} // namespace warrant
