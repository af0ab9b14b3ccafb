// SPDX-License-Identifier: Apache-2.0
// Lines of any kind: refused with a reason, or the one spelling of a record that all folds survive.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "lineage/explain.h"
#include "lineage/query.h"
#include "lineage/record.h"
#include "lineage/replay.h"
#include "lineage/tree_view.h"

using namespace warrant;

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

void fold(const Record &record) {
  ExecTree tree;
  tree.add(record);
  tree_to_text(tree);
  tree_to_json(tree).dump();
  DenialQuery denials;
  denials.add(record);
  for (const DenialGroup &group : denials.latest(1))
    denial_to_json(group).dump();
  RejectionQuery rejections;
  rejections.add(record);
  rejections.naming({});
  Replay replay;
  replay.add(record, {});
  replay_to_json(replay.result()).dump();
  const Result<Explanation> explanation = explain(record);
  if (explanation.ok())
    explanation_to_json(explanation.value()).dump();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view line(reinterpret_cast<const char *>(data), size);
  const Result<Record> record = parse_record(line);
  if (!record.ok()) {
    require(!record.error().message.empty());
    return 0;
  }
  require(record_to_line(record.value()) == line);
  require(Json::parse(line).dump() == line);
  fold(record.value());
  return 0;
}
