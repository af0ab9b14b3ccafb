// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Another measurement in that PCR of the SHA-256 bank; 0, or an errno. Prints how long it took. */
int tpm_extend(const char *pcr);
