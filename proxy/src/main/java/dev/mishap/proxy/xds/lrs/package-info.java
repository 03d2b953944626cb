/** Load reports: what this process sent to each cluster, told to a management server. */
@NullMarked
package dev.mishap.proxy.xds.lrs;

import org.jspecify.annotations.NullMarked;
