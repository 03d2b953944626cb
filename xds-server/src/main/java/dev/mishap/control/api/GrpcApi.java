package dev.mishap.control.api;

import dev.mishap.control.security.Authenticator;
import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.util.List;

/**
 * The API's services of gRPC, for whichever server has the port. They answer UNAVAILABLE until {@link ApiServer.Builder#grpc} has tied
 * them to the rest.
 */
public final class GrpcApi implements AutoCloseable {
    private final GrpcCalls calls;

    public GrpcApi(Authenticator authenticator) {
        calls = new GrpcCalls(authenticator);
    }

    /** {@code mishap.control.v1.Rules} and {@code mishap.control.v1.Fleet}, with what finds out who is calling. */
    public List<BindableService> services() {
        GrpcRules rules = new GrpcRules(calls);
        GrpcFleet fleet = new GrpcFleet(calls);
        return List.of(guarded(rules), guarded(fleet));
    }

    private BindableService guarded(BindableService service) {
        ServerServiceDefinition definition = ServerInterceptors.intercept(service, calls);
        return () -> definition;
    }

    void bind(RuleService service, WatchHub hub) {
        calls.bind(service, hub);
    }

    @Override
    public void close() {
        calls.close();
    }
}
