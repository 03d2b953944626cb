/**
 * Stores within this process: one thread decides what is done, a journal makes it last, readers see immutable states. In memory
 * ({@link dev.mishap.control.store.local.LocalStore#inMemory}), or with a log on disk.
 */
@NullMarked
package dev.mishap.control.store.local;

import org.jspecify.annotations.NullMarked;
