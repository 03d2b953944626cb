/**
 * Where the configuration below the faults comes from: templates of our own and files. Knows xDS resources, nothing of rules.
 */
@NullMarked
package dev.mishap.control.base;

import org.jspecify.annotations.NullMarked;
