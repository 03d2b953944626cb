/** Which store: in memory, in a directory, in etcd. Knows all of them. */
@NullMarked
package dev.mishap.control.store.place;

import org.jspecify.annotations.NullMarked;
