/** Reports of a run: JSON, JUnit XML, Markdown and one HTML page. Pure functions of a {@code RunResult}. */
@NullMarked
package dev.mishap.control.report;

import org.jspecify.annotations.NullMarked;
