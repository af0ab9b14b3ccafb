// SPDX-License-Identifier: Apache-2.0
// Ring-buffer bytes of any kind: refused, or a record with one spelling whose facts decide()
// answers.
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "bpf/decide.h"
#include "lineage/event.h"
#include "lineage/explain.h"
#include "lineage/record.h"
#include "lineage/replay.h"
#include "lineage/tree_view.h"

using namespace warrant;

namespace {

const Origin kOrigin = {"host", "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6"};

// Lets the fuzzer spend its bytes on what lies behind the checks of the frame.
Bytes framed(ByteView bytes) {
  Bytes event(bytes.begin(), bytes.end());
  if (event.size() < sizeof(w_event))
    return event;
  auto count = static_cast<uint32_t>(event[0] % (W_MAX_CANDIDATES + 1));
  const uint16_t header[2] = {W_ABI_VERSION, static_cast<uint16_t>(1 + event[1] % 2)};
  const auto size = static_cast<uint32_t>(W_EVENT_SIZE(count));
  std::memcpy(event.data(), header, sizeof header);
  std::memcpy(event.data() + offsetof(w_event, size), &size, sizeof size);
  std::memcpy(event.data() + offsetof(w_event, facts.candidate_count), &count, sizeof count);
  event[offsetof(w_event, comm) + W_COMM_SIZE - 1] = 0;
  event[offsetof(w_event, path) + W_PATH_SIZE - 1] = 0;
  event.resize(size);
  return event;
}

void require(bool condition) {
  if (!condition)
    std::abort();
}

void check(ByteView bytes) {
  const Result<Event> event = Event::parse(bytes);
  if (!event.ok())
    return;
  const Record record = enrich(event.value(), {kOrigin, {}, {}, {}}, {1, 1});
  const std::string line = record_to_line(record);
  const Result<Record> again = parse_record(line);
  require(again.ok() && record_to_line(again.value()) == line);
  require(Json::parse(line).dump() == line);
  ExecTree tree;
  tree.add(again.value());
  tree_to_text(tree);
  if (const auto *decision = std::get_if<Decision>(&again.value().body)) {
    const w_facts &sent = event.value().raw().facts;
    require(std::memcmp(&decision->facts, &sent, sizeof sent) == 0);
    require(explain(again.value()).ok());
    Replay replay;
    replay.add(again.value(), {});
    const w_decision decided = w_decide(&sent);
    const bool same = std::memcmp(&decided, &event.value().raw().decision, sizeof decided) == 0;
    require(replay.result().agrees() == same);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check({data, size});
  check(framed({data, size}));
  return 0;
}
