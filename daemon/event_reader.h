// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "artifacts/bytes.h"
#include "artifacts/result.h"

namespace warrant {

// Takes raw events out of the kernel's ring. The kernel never waits for it: what finds no room is
// lost, counted, and shows as a hole in the event numbers.
//
// Not libbpf's ring_buffer: that gives the room of an event back as soon as it was handed over, and
// a daemon that is killed between that and its commit would take the event with it.
class EventReader {
 public:
  using Handler = std::function<void(ByteView)>;

  static Result<EventReader> open(int ring_map, Handler handler);
  // The same of a ring of so many bytes, a power of two and at least 1 MiB, in any file that is
  // laid out as the kernel's is.
  static Result<EventReader> open(int ring_map, uint64_t bytes, Handler handler);

  // Becomes readable when the kernel wants attention: a denial, or much that waits. Stays so until
  // release(): watch it for its edges.
  int poll_fd() const { return ring_map_; }
  // Hands over what has come since the last call. It stays in the ring, for a successor. Error: no
  // memory to look at the ring: what was not handed over is so by the next call; or a header that
  // no program of ours wrote: nothing behind it is ever handed over.
  Status consume();
  // What was handed over is durable: its room goes back to the kernel.
  void release();

 private:
  struct Unmap {
    size_t size;
    void operator()(void *address) const;
  };
  using Mapping = std::unique_ptr<void, Unmap>;

  EventReader(int ring_map, uint64_t size, Mapping consumer, Mapping producer, Handler handler);
  // The event that begins at `position_`, whose header is there already.
  Result<const uint8_t *> look();
  static Result<Mapping> map(int ring_map, size_t size, int protection, size_t offset);

  int ring_map_; // owned by the map set
  uint64_t size_;
  Mapping consumer_; // a page with the position up to which room was given back
  Mapping producer_; // a page with the position up to which events are
  Mapping window_;   // of the ring what is read now: all of it, twice, would count as the daemon's
  uint64_t window_start_ = 0; // position at which the window begins, a multiple of a page
  Handler handler_;
  uint64_t position_; // up to which events were handed over
};

} // namespace warrant
