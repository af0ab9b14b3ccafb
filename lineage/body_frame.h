// SPDX-License-Identifier: Apache-2.0
// The members that every record has, as they are written among those of its type.
#pragma once

#include "lineage/json_text.h"
#include "lineage/moment.h"
#include "lineage/record.h"

namespace warrant {

/// In three runs, between which the members of its type stand.
class Frame {
 public:
  Frame(JsonText &json, const Record &record, bool with_id)
      : out(json), record_(record), with_id_(with_id) {}

  void boot() {
    out.member("boot").string(record_.origin.boot);
    out.member("boottime").wide(record_.time.boot_ns);
  }
  void host() {
    out.member("host").text(record_.origin.host);
    if (with_id_)
      out.member("id").string(record_.id);
  }
  void time() {
    out.member("time").string(format_wall_time(record_.time.wall_ns));
    out.member("type").string(type_name(record_.body));
    out.member("v").number(kRecordVersion);
  }

  JsonText &out;

 private:
  const Record &record_;
  const bool with_id_;
};

} // namespace warrant
