// SPDX-License-Identifier: Apache-2.0
// The reader of the kernel's ring, over a file that is laid out as the ring is
// (kernel/bpf/ringbuf.c): consumer's page, producer's page, the data twice.
#include "daemon/event_reader.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "daemon/unique_fd.h"
#include "tests/catch.h"

namespace warrant {
namespace {

using Event = std::vector<uint8_t>;
using Events = std::vector<Event>;

constexpr uint64_t kRing = 2 << 20;
constexpr uint64_t kLargest = (64 << 10) - BPF_RINGBUF_HDR_SZ;

// The kernel's side. It knows nothing of windows: the data lie in one mapping.
class Ring {
 public:
  explicit Ring(uint64_t bytes = kRing)
      : bytes_(bytes),
        page_(static_cast<uint64_t>(::sysconf(_SC_PAGESIZE))),
        file_(::memfd_create("ring", MFD_CLOEXEC)) {
    const uint64_t all = 2 * page_ + 2 * bytes_;
    REQUIRE(::ftruncate(file_.get(), static_cast<off_t>(all)) == 0);
    void *address = ::mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    REQUIRE(address != MAP_FAILED);
    at_ = static_cast<uint8_t *>(address);
  }
  ~Ring() { ::munmap(at_, 2 * page_ + 2 * bytes_); }
  Ring(const Ring &) = delete;
  Ring &operator=(const Ring &) = delete;

  // As a ring that has been in use for a while.
  void begin_at(uint64_t position) {
    std::memcpy(at_, &position, sizeof(position));
    end_ = position;
    publish();
  }
  bool has_room(uint64_t length) const { return end_ + taken(length) - given_back() <= bytes_; }
  // Returns where its header is.
  uint64_t put(const Event &content, uint32_t flags = 0) {
    const uint64_t header = end_;
    REQUIRE(has_room(content.size()));
    set_header(header, static_cast<uint32_t>(content.size()) | flags);
    for (size_t i = 0; i < content.size(); i++)
      store(header + BPF_RINGBUF_HDR_SZ + i, content[i]);
    end_ += taken(content.size());
    publish();
    return header;
  }
  void set_header(uint64_t position, uint32_t header) {
    uint8_t bytes[sizeof(header)];
    std::memcpy(bytes, &header, sizeof(header));
    for (size_t i = 0; i < sizeof(bytes); i++)
      store(position + i, bytes[i]);
  }
  uint64_t given_back() const {
    uint64_t position = 0;
    std::memcpy(&position, at_, sizeof(position));
    return position;
  }
  uint64_t end() const { return end_; }
  int file() const { return file_.get(); }

 private:
  static uint64_t taken(uint64_t length) { return (length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8; }
  void store(uint64_t position, uint8_t byte) {
    const uint64_t place = 2 * page_ + position % bytes_;
    at_[place] = byte;
    at_[place + bytes_] = byte;
  }
  void publish() { std::memcpy(at_ + page_, &end_, sizeof(end_)); }

  uint64_t bytes_;
  uint64_t page_;
  UniqueFd file_;
  uint8_t *at_ = nullptr;
  uint64_t end_ = 0;
};

struct Reading {
  Events events;
  Result<EventReader> opened;

  explicit Reading(const Ring &ring)
      : opened(EventReader::open(ring.file(), kRing, [this](ByteView event) {
          events.emplace_back(event.begin(), event.end());
        })) {
    REQUIRE(opened.ok());
  }
  Reading(const Reading &) = delete;
  Reading &operator=(const Reading &) = delete;
  EventReader &reader() { return opened.value(); }
};

Event some(std::mt19937 &random, uint64_t length) {
  const uint32_t first = static_cast<uint32_t>(random());
  Event made(length);
  for (uint32_t i = 0; i < length; i++)
    made[i] = static_cast<uint8_t>((first + i * 0x9e3779b1u) >> 24);
  return made;
}

} // namespace

TEST_CASE("events are handed over in order and whole, over many rounds of the ring") {
  const uint64_t begin =
      GENERATE(as<uint64_t>{}, 0, kRing - 8, (1 << 20) - 4096 - 8, (1ull << 40) + 8);
  std::mt19937 random(static_cast<uint32_t>(begin) + 7);
  Ring ring;
  ring.begin_at(begin);
  Reading reading(ring);
  Events put;
  for (int burst = 0; burst < 120; burst++) {
    for (int i = 0; i < 40; i++) {
      const uint64_t length = random() % 16 == 0 ? kLargest - random() % 32 : random() % 700;
      if (!ring.has_room(length))
        break;
      put.push_back(some(random, length));
      ring.put(put.back());
    }
    REQUIRE(reading.reader().consume().ok());
    REQUIRE(reading.events.size() == put.size());
    REQUIRE(reading.events == put);
    if (random() % 3 != 0) { // else it stays in the ring
      reading.reader().release();
      REQUIRE(ring.given_back() == ring.end());
      put.clear();
      reading.events.clear();
    }
  }
  CHECK(ring.end() - begin > 8 * kRing);
}

TEST_CASE("what was handed over and not released is there for the next reader") {
  std::mt19937 random(1);
  Ring ring;
  const Event first = some(random, 100);
  const Event second = some(random, 200);
  ring.put(first);
  {
    Reading killed(ring);
    REQUIRE(killed.reader().consume().ok());
    CHECK(killed.events.size() == 1);
  }
  ring.put(second);
  Reading next(ring);
  REQUIRE(next.reader().consume().ok());
  CHECK(next.events == Events{first, second});
}

TEST_CASE("an event that is being written holds up what follows, one that was given up does not") {
  std::mt19937 random(2);
  Ring ring;
  Reading reading(ring);
  const Event written = some(random, 24);
  ring.put(some(random, 16), BPF_RINGBUF_DISCARD_BIT);
  const uint64_t busy = ring.put(written, BPF_RINGBUF_BUSY_BIT);
  ring.put(written);
  REQUIRE(reading.reader().consume().ok());
  CHECK(reading.events.empty());
  reading.reader().release();
  CHECK(ring.given_back() == busy);

  ring.set_header(busy, static_cast<uint32_t>(written.size()));
  REQUIRE(reading.reader().consume().ok());
  CHECK(reading.events == Events{written, written});
}

TEST_CASE("a header that no program of ours wrote is an error, and nothing behind it is believed") {
  std::mt19937 random(3);
  Ring ring;
  Reading reading(ring);
  const Event good = some(random, 40);
  ring.put(good);
  const uint64_t bad = ring.put(some(random, kLargest));
  ring.put(good);
  SECTION("baseline: the largest") {
    REQUIRE(reading.reader().consume().ok());
    CHECK(reading.events.size() == 3);
  }
  SECTION("one byte more") {
    ring.set_header(bad, kLargest + 1);
    for (int i = 0; i < 2; i++) {
      const Status status = reading.reader().consume();
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().message == "the event ring holds what no program of ours put there");
      CHECK(reading.events == Events{good});
    }
    reading.reader().release();
    CHECK(ring.given_back() == bad);
  }
}

TEST_CASE("no reader of a ring that is too small, or of no power of two") {
  Ring ring;
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1} << 19, kRing - 4096, kRing + 4096}) {
    const Result<EventReader> opened = EventReader::open(ring.file(), bytes, [](ByteView) {});
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().message == "the event ring is not as large as it should be");
  }
  CHECK(EventReader::open(ring.file(), kRing, [](ByteView) {}).ok());
}

} // namespace warrant
