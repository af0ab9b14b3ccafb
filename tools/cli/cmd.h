// SPDX-License-Identifier: Apache-2.0
// Who does what: one function a subcommand, each in cmd_<noun>.cc. The table (table.cc) names them.
#pragma once

#include "tools/cli/arguments.h"

namespace warrant::cli {

Answer key_generate(const Arguments &arguments);
Answer key_show(const Arguments &arguments);
Answer trust_init(const Arguments &arguments);
Answer trust_rotate(const Arguments &arguments);
Answer trust_show(const Arguments &arguments);
Answer policy_draft(const Arguments &arguments);
Answer policy_sign(const Arguments &arguments);
Answer policy_show(const Arguments &arguments);
Answer policy_lint(const Arguments &arguments);
Answer revoke(const Arguments &arguments);
Answer revocation_show(const Arguments &arguments);
Answer artifact_draft(const Arguments &arguments);
Answer artifact_sign(const Arguments &arguments);
Answer artifact_delegate(const Arguments &arguments);
Answer artifact_lint(const Arguments &arguments);
Answer artifact_export(const Arguments &arguments);
Answer artifact_verify(const Arguments &arguments);
Answer artifact_inspect(const Arguments &arguments);
Answer artifact_compile(const Arguments &arguments);
Answer baseline_capture(const Arguments &arguments);
Answer baseline_sign(const Arguments &arguments);
Answer host_enroll(const Arguments &arguments);
Answer host_challenge(const Arguments &arguments);
Answer host_answer(const Arguments &arguments);
Answer host_approve(const Arguments &arguments);
Answer host_show(const Arguments &arguments);
Answer attest_challenge(const Arguments &arguments);
Answer attest_quote(const Arguments &arguments);
Answer attest_verify(const Arguments &arguments);
Answer attest_show(const Arguments &arguments);
Answer status(const Arguments &arguments);
Answer doctor(const Arguments &arguments);
Answer reload(const Arguments &arguments);
Answer denials(const Arguments &arguments);
Answer explain(const Arguments &arguments);
Answer lineage_show(const Arguments &arguments);
Answer lineage_who_ran(const Arguments &arguments);
Answer lineage_authority(const Arguments &arguments);
Answer lineage_top(const Arguments &arguments);
Answer lineage_report(const Arguments &arguments);
Answer lineage_export(const Arguments &arguments);
Answer lineage_token(const Arguments &arguments);
Answer lineage_adopt(const Arguments &arguments);
Answer replay(const Arguments &arguments);
Answer simulate(const Arguments &arguments);
Answer warm(const Arguments &arguments);
Answer completion(const Arguments &arguments);
Answer manual(const Arguments &arguments);

} // namespace warrant::cli
