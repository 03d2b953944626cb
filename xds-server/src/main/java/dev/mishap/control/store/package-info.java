/**
 * Where the control plane keeps what must outlive it: a small ordered key-value store with one global revision, transactions,
 * watches and leases. {@link dev.mishap.control.store.Store} is the contract; bytes in, bytes out. Knows nothing of rules.
 */
@NullMarked
package dev.mishap.control.store;

import org.jspecify.annotations.NullMarked;
