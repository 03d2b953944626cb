/**
 * Two small services behind two proxies, and traffic: something real for {@code mishap run --demo} to experiment on. The experiment engine
 * does not know it; it gives a run what {@code --target} and {@code --observe} would.
 */
@NullMarked
package dev.mishap.control.demo;

import org.jspecify.annotations.NullMarked;
