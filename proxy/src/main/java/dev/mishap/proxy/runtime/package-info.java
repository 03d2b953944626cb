/** Layered runtime values (static, disk, admin, discovered). Knows no filter that reads them. */
@NullMarked
package dev.mishap.proxy.runtime;

import org.jspecify.annotations.NullMarked;
