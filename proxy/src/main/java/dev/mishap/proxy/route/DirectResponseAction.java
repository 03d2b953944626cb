package dev.mishap.proxy.route;

/**
 * An answer that the proxy makes itself.
 *
 * @param status HTTP status, 200..599
 * @param body the body; {@code ""} for none
 */
public record DirectResponseAction(int status, String body) implements RouteAction {}
