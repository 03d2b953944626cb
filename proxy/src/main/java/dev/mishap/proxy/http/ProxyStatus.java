package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/**
 * {@code proxy_status_config}: a header that tells why a response is an error of this proxy (RFC 9209). Which error follows from the
 * response flags, as in Envoy. Immutable.
 *
 * @param name what this proxy calls itself
 * @param details whether the details of the response are told
 * @param terminationDetails whether with them why the connection was ended
 * @param flags whether with them the response flags
 * @param recommendedStatus whether the response gets the status that goes with the error
 */
public record ProxyStatus(
        String name, boolean details, boolean terminationDetails, boolean flags, boolean recommendedStatus) {
    private static final HeaderName HEADER = HeaderName.of("proxy-status");

    /** The errors that flags stand for, with the status that goes with them; 0 = any. */
    private enum Error {
        CONNECTION_LIMIT_REACHED("connection_limit_reached", 503),
        CONNECTION_REFUSED("connection_refused", 502),
        CONNECTION_TERMINATED("connection_terminated", 502),
        CONNECTION_TIMEOUT("connection_timeout", 504),
        DESTINATION_NOT_FOUND("destination_not_found", 500),
        DESTINATION_UNAVAILABLE("destination_unavailable", 503),
        DNS_ERROR("dns_error", 502),
        HTTP_PROTOCOL_ERROR("http_protocol_error", 502),
        HTTP_REQUEST_ERROR("http_request_error", 0),
        HTTP_RESPONSE_TIMEOUT("http_response_timeout", 504),
        PROXY_CONFIGURATION_ERROR("proxy_configuration_error", 500);

        final String text;
        final int status;

        Error(String text, int status) {
            this.text = text;
            this.status = status;
        }
    }

    /** One flag, and what it stands for. */
    private record Meaning(ResponseFlag flag, Error error) {}

    /** In the order in which Envoy asks for them: a response may have several. */
    private static final Meaning[] MEANINGS = {
        new Meaning(ResponseFlag.FAILED_LOCAL_HEALTH_CHECK, Error.DESTINATION_UNAVAILABLE),
        new Meaning(ResponseFlag.NO_HEALTHY_UPSTREAM, Error.DESTINATION_UNAVAILABLE),
        new Meaning(ResponseFlag.UPSTREAM_REQUEST_TIMEOUT, Error.HTTP_RESPONSE_TIMEOUT),
        new Meaning(ResponseFlag.DURATION_TIMEOUT, Error.CONNECTION_TIMEOUT),
        new Meaning(ResponseFlag.LOCAL_RESET, Error.CONNECTION_TIMEOUT),
        new Meaning(ResponseFlag.UPSTREAM_REMOTE_RESET, Error.CONNECTION_TERMINATED),
        new Meaning(ResponseFlag.UPSTREAM_CONNECTION_FAILURE, Error.CONNECTION_REFUSED),
        new Meaning(ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE, Error.CONNECTION_REFUSED),
        new Meaning(ResponseFlag.UPSTREAM_CONNECTION_TERMINATION, Error.CONNECTION_TERMINATED),
        new Meaning(ResponseFlag.OVERLOAD_MANAGER, Error.CONNECTION_LIMIT_REACHED),
        new Meaning(ResponseFlag.DROP_OVERLOAD, Error.CONNECTION_LIMIT_REACHED),
        new Meaning(ResponseFlag.FAULT_INJECTED, Error.HTTP_REQUEST_ERROR),
        new Meaning(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION, Error.CONNECTION_TERMINATED),
        new Meaning(ResponseFlag.DOWNSTREAM_REMOTE_RESET, Error.CONNECTION_TERMINATED),
        new Meaning(ResponseFlag.UPSTREAM_OVERFLOW, Error.CONNECTION_LIMIT_REACHED),
        new Meaning(ResponseFlag.NO_ROUTE_FOUND, Error.DESTINATION_NOT_FOUND),
        new Meaning(ResponseFlag.RATE_LIMITED, Error.CONNECTION_LIMIT_REACHED),
        new Meaning(ResponseFlag.RATELIMIT_SERVICE_ERROR, Error.CONNECTION_LIMIT_REACHED),
        new Meaning(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED, Error.DESTINATION_UNAVAILABLE),
        new Meaning(ResponseFlag.STREAM_IDLE_TIMEOUT, Error.HTTP_RESPONSE_TIMEOUT),
        new Meaning(ResponseFlag.INVALID_ENVOY_REQUEST_HEADERS, Error.HTTP_REQUEST_ERROR),
        new Meaning(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR, Error.HTTP_REQUEST_ERROR),
        new Meaning(ResponseFlag.UPSTREAM_MAX_STREAM_DURATION_REACHED, Error.HTTP_RESPONSE_TIMEOUT),
        new Meaning(ResponseFlag.NO_FILTER_CONFIG_FOUND, Error.PROXY_CONFIGURATION_ERROR),
        new Meaning(ResponseFlag.UPSTREAM_PROTOCOL_ERROR, Error.HTTP_PROTOCOL_ERROR),
        new Meaning(ResponseFlag.NO_CLUSTER_FOUND, Error.DESTINATION_UNAVAILABLE),
        new Meaning(ResponseFlag.DNS_RESOLUTION_FAILED, Error.DNS_ERROR),
    };

    /**
     * Writes the header of a response that is an error of this proxy, and its status, if that is to be the recommended one.
     *
     * @param malformed whether the request could not be parsed: of that Envoy tells nothing
     */
    void apply(HeaderMap headers, StreamInfo info, boolean malformed) {
        if (info.flagCount() == 0 || malformed) {
            return;
        }
        Error error = error(info);
        if (error == null) {
            return;
        }
        StringBuilder text = new StringBuilder(name).append("; error=").append(error.text);
        String why = info.responseCodeDetails;
        if (details && why != null) {
            text.append("; details=\"");
            escape(why, text);
            String ended = info.connectionTerminationDetails;
            if (terminationDetails && ended != null) {
                escape(ended, text.append("; "));
            }
            if (flags) {
                text.append("; ");
                for (int i = 0; i < info.flagCount(); i++) {
                    text.append(i == 0 ? "" : ",").append(info.flag(i).shortName());
                }
            }
            text.append('"');
        }
        RequestHeaders.append(headers, HEADER, text.toString(), ",");
        if (recommendedStatus && error.status != 0) {
            headers.set(HeaderName.STATUS, Integer.toString(error.status));
        }
    }

    private static @Nullable Error error(StreamInfo info) {
        for (Meaning meaning : MEANINGS) {
            if (info.hasFlag(meaning.flag)) {
                return meaning.error;
            }
        }
        return null;
    }

    private static void escape(String text, StringBuilder to) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\', '\'' -> to.append('\\').append(c);
                case '\n' -> to.append("\\n");
                case '\r' -> to.append("\\r");
                case '\t' -> to.append("\\t");
                default -> to.append(c);
            }
        }
    }
}
