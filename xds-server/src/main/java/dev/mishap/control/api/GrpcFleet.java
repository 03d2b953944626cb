package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.v1.FleetGrpc;
import dev.mishap.control.v1.GetFleetRequest;
import dev.mishap.control.v1.GetFleetResponse;
import dev.mishap.control.v1.KillSwitch;
import dev.mishap.control.v1.Node;
import dev.mishap.control.v1.RearmFleetRequest;
import dev.mishap.control.v1.StopFleetRequest;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/** The fleet over gRPC. */
final class GrpcFleet extends FleetGrpc.FleetImplBase {
    private final GrpcCalls calls;

    GrpcFleet(GrpcCalls calls) {
        this.calls = calls;
    }

    @Override
    public void getFleet(GetFleetRequest request, StreamObserver<GetFleetResponse> observer) {
        calls.answer(observer, caller -> {
            int limit = request.getPageSize() == 0 ? FleetListing.DEFAULT_LIMIT : request.getPageSize();
            if (limit < 1 || limit > FleetListing.MAX_LIMIT) {
                throw ProblemException.invalid("page_size", "must be from 1 to " + FleetListing.MAX_LIMIT);
            }
            FleetListing listing = calls.parts().fleet();
            String state = switch (request.getState()) {
                case STATE_UNSPECIFIED -> null;
                case UNRECOGNIZED -> throw ProblemException.invalid("state", "is none of those that there are");
                default -> request.getState().name();
            };
            FleetListing.Part part = listing.part(
                    caller,
                    new FleetListing.Wanted(
                            optional(request.getNode()),
                            optional(request.getCluster()),
                            optional(request.getNamespace()),
                            state,
                            limit,
                            request.getPageToken()));
            GetFleetResponse.Builder response = GetFleetResponse.newBuilder()
                    .setKillSwitch(GrpcMessages.killSwitch(calls.service().killSwitch()))
                    .setTotal(part.total())
                    .putAllStates(part.states())
                    .putAllKinds(part.kinds());
            for (FleetView.Node each : part.nodes()) {
                Node.Builder node = GrpcMessages.node(each);
                if (!request.getNode().isEmpty()) {
                    listing.rules(caller, each)
                            .forEach(outcome -> node.addRulesBuilder()
                                    .setRule(outcome.rule())
                                    .setOutcome(GrpcMessages.outcome(outcome.honour())));
                }
                response.addNodes(node);
            }
            String next = part.next();
            return next == null
                    ? response.build()
                    : response.setNextPageToken(next).build();
        });
    }

    private static @Nullable String optional(String text) {
        return text.isEmpty() ? null : text;
    }

    @Override
    public void stopFleet(StopFleetRequest request, StreamObserver<KillSwitch> observer) {
        calls.answer(
                observer,
                caller -> GrpcMessages.killSwitch(calls.service().killSwitch(caller, true, request.getReason())));
    }

    @Override
    public void rearmFleet(RearmFleetRequest request, StreamObserver<KillSwitch> observer) {
        calls.answer(
                observer,
                caller -> GrpcMessages.killSwitch(calls.service().killSwitch(caller, false, request.getReason())));
    }
}
