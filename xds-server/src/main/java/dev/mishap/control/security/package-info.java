/**
 * Who is calling the control plane and what they may do: tokens, JWTs, roles, rates, certificates of nodes, TLS files. Knows no
 * transport: HTTP, gRPC and xDS bring what was presented, and are told a caller or a problem.
 */
@NullMarked
package dev.mishap.control.security;

import org.jspecify.annotations.NullMarked;
