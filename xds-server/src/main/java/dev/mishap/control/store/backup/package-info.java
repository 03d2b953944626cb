/** Backups: all that is in a store as one file, which any store can be filled from. Knows the store's interface only. */
@NullMarked
package dev.mishap.control.store.backup;

import org.jspecify.annotations.NullMarked;
