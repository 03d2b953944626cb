/** JMH benchmarks of the hot paths, one subject a class. Nothing depends on this package. */
@NullMarked
package dev.mishap.benchmarks;

import org.jspecify.annotations.NullMarked;
