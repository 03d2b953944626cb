/** The store in etcd, API v3, for several replicas of a control plane. Knows the store's interface, gRPC, and etcd's messages. */
@NullMarked
package dev.mishap.control.store.etcd;

import org.jspecify.annotations.NullMarked;
