/** Reads other tools' fault files as ours. What cannot be carried over is a problem that names the field, never a loss. */
@NullMarked
package dev.mishap.rules.importer;

import org.jspecify.annotations.NullMarked;
