/** The audit log: who did what, before and after, from where, when; append-only and chained by hashes. Knows the store only. */
@NullMarked
package dev.mishap.control.audit;

import org.jspecify.annotations.NullMarked;
