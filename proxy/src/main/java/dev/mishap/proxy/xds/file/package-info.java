/** Configuration from files that are moved into place. */
@NullMarked
package dev.mishap.proxy.xds.file;

import org.jspecify.annotations.NullMarked;
