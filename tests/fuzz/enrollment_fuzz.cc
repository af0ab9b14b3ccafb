// SPDX-License-Identifier: Apache-2.0
// Any bytes as enrollment.
#include "artifacts/enrollment.h"
#include "tests/fuzz/document_fuzz.h"

using namespace warrant;

namespace {

void check_meaning(const Enrollment &enrollment) {
  require(!enrollment.host.empty() && is_machine_id(enrollment.machine_id));
  require(parse_attestation_key(enrollment.ak_public).value().name == enrollment.ak_name);
  require(enrollment.groups.size() <= kMaxHostGroups);
  for (const std::string &group : enrollment.groups)
    require(is_in_group(enrollment, group));
  require(!is_expired(enrollment, enrollment.issued_at));
  require(enrollment.resolves.value_or(0) <= static_cast<uint64_t>(kMaxVersion));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_document(ByteView(data, size), kEnrollmentType, "enrollment", parse_enrollment,
                 serialize_enrollment, check_meaning);
  return 0;
}
