// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "artifacts/bytes.h"
#include "artifacts/result.h"

struct ring_buffer;

namespace warrant {

// Takes raw events out of the kernel's ring. The kernel never waits for it: what finds no room is
// lost, counted, and shows as a hole in the event numbers.
class EventReader {
 public:
  using Handler = std::function<void(ByteView)>;

  static Result<EventReader> open(int ring_map, Handler handler);

  // Becomes readable when the kernel wants attention: a denial, or much that waits.
  int poll_fd() const;
  // Hands over everything that waits now. Error: the ring is broken.
  Status consume();

 private:
  struct Close {
    void operator()(ring_buffer *ring) const;
  };
  EventReader(std::unique_ptr<Handler> handler, std::unique_ptr<ring_buffer, Close> ring);

  std::unique_ptr<Handler> handler_; // its address is what the ring's callback gets
  std::unique_ptr<ring_buffer, Close> ring_;
};

} // namespace warrant
