/** Role based access control: policies, matcher trees and what they decide. Shared by the HTTP and the network filter. */
@NullMarked
package dev.mishap.proxy.filter.common.rbac;

import org.jspecify.annotations.NullMarked;
