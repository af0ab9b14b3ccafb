// SPDX-License-Identifier: Apache-2.0
#include "daemon/event_reader.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "bpf/abi.h"

namespace warrant {
namespace {

constexpr uint64_t kAlignment = 8;
// Bytes of the ring that are mapped at once, and the most that an event takes with its header.
constexpr uint64_t kWindow = 1024 * 1024;
constexpr uint64_t kLargestEvent = 64 * 1024;
static_assert(sizeof(w_event) + BPF_RINGBUF_HDR_SZ <= kLargestEvent);

size_t page_size() {
  return static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

Error ring_error() {
  return Error{std::string("cannot read the event ring: ") + std::strerror(errno)};
}

} // namespace

void EventReader::Unmap::operator()(void *address) const {
  ::munmap(address, size);
}

EventReader::EventReader(int ring_map, uint64_t size, Mapping consumer, Mapping producer,
                         Handler handler)
    : ring_map_(ring_map),
      size_(size),
      consumer_(std::move(consumer)),
      producer_(std::move(producer)),
      handler_(std::move(handler)),
      position_(__atomic_load_n(static_cast<uint64_t *>(consumer_.get()), __ATOMIC_ACQUIRE)) {}

Result<EventReader::Mapping> EventReader::map(int ring_map, size_t size, int protection,
                                              size_t offset) {
  void *address =
      ::mmap(nullptr, size, protection, MAP_SHARED, ring_map, static_cast<off_t>(offset));
  if (address == MAP_FAILED)
    return ring_error();
  return Mapping(address, Unmap{size});
}

Result<EventReader> EventReader::open(int ring_map, Handler handler) {
  bpf_map_info info{};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(ring_map, &info, &info_size) != 0)
    return ring_error();
  return open(ring_map, info.max_entries, std::move(handler));
}

// The layout of the two mappings is kernel/bpf/ringbuf.c's, "mmap()-able"; since 5.8.
Result<EventReader> EventReader::open(int ring_map, uint64_t bytes, Handler handler) {
  const size_t page = page_size();
  if (bytes < kWindow || (bytes & (bytes - 1)) != 0)
    return Error{"the event ring is not as large as it should be"};
  Mapping consumer = WARRANT_TRY(map(ring_map, page, PROT_READ | PROT_WRITE, 0));
  Mapping producer = WARRANT_TRY(map(ring_map, page, PROT_READ, page));
  return EventReader(ring_map, bytes, std::move(consumer), std::move(producer), std::move(handler));
}

Result<const uint8_t *> EventReader::look() {
  if (!window_ || position_ + kLargestEvent > window_start_ + kWindow) {
    const uint64_t start = position_ / page_size() * page_size();
    window_.reset();
    // Its pages lie there twice in a row, so that no window and no event ends at the ring's end.
    window_ =
        WARRANT_TRY(map(ring_map_, kWindow, PROT_READ, 2 * page_size() + (start & (size_ - 1))));
    window_start_ = start;
  }
  return static_cast<const uint8_t *>(window_.get()) + (position_ - window_start_);
}

Status EventReader::consume() {
  const uint64_t end =
      __atomic_load_n(static_cast<const uint64_t *>(producer_.get()), __ATOMIC_ACQUIRE);
  while (position_ < end) {
    const uint8_t *event = WARRANT_TRY(look());
    // The header: 32 bits of length with two flags, 32 that are the kernel's own.
    const uint32_t header =
        __atomic_load_n(reinterpret_cast<const uint32_t *>(event), __ATOMIC_ACQUIRE);
    if (header & BPF_RINGBUF_BUSY_BIT)
      return {};
    const uint64_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if (length + BPF_RINGBUF_HDR_SZ > kLargestEvent)
      return Error{"the event ring holds what no program of ours put there"};
    if (!(header & BPF_RINGBUF_DISCARD_BIT))
      handler_(ByteView(event + BPF_RINGBUF_HDR_SZ, length));
    position_ += (length + BPF_RINGBUF_HDR_SZ + kAlignment - 1) / kAlignment * kAlignment;
  }
  return {};
}

void EventReader::release() {
  __atomic_store_n(static_cast<uint64_t *>(consumer_.get()), position_, __ATOMIC_RELEASE);
}

} // namespace warrant
