package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.security.Role;
import dev.mishap.control.v1.FleetGrpc;
import dev.mishap.control.v1.GetFleetRequest;
import dev.mishap.control.v1.GetFleetResponse;
import dev.mishap.control.v1.KillSwitch;
import dev.mishap.control.v1.RearmFleetRequest;
import dev.mishap.control.v1.StopFleetRequest;
import io.grpc.stub.StreamObserver;

/** The fleet over gRPC. */
final class GrpcFleet extends FleetGrpc.FleetImplBase {
    private static final int MAX_LIMIT = 1000;

    private final GrpcCalls calls;

    GrpcFleet(GrpcCalls calls) {
        this.calls = calls;
    }

    @Override
    public void getFleet(GetFleetRequest request, StreamObserver<GetFleetResponse> observer) {
        calls.answer(observer, caller -> {
            caller.requireAnywhere(Role.VIEWER);
            int limit = request.getPageSize() == 0 ? 500 : request.getPageSize();
            if (limit < 1 || limit > MAX_LIMIT) {
                throw ProblemException.invalid("page_size", "must be from 1 to " + MAX_LIMIT);
            }
            GetFleetResponse.Builder response = GetFleetResponse.newBuilder()
                    .setKillSwitch(GrpcMessages.killSwitch(calls.service().killSwitch()));
            String last = "";
            for (FleetView.Node node : calls.service().fleet().nodes()) {
                if (!caller.mayWithin(Role.VIEWER, node.namespace())
                        || !wanted(request.getNode(), node.id())
                        || !wanted(request.getCluster(), node.cluster())
                        || !wanted(request.getNamespace(), node.namespace())
                        || node.id().compareTo(request.getPageToken()) <= 0) {
                    continue;
                }
                if (response.getNodesCount() == limit) {
                    response.setNextPageToken(last);
                    break;
                }
                response.addNodes(GrpcMessages.node(node));
                last = node.id();
            }
            return response.build();
        });
    }

    private static boolean wanted(String wanted, String found) {
        return wanted.isEmpty() || wanted.equals(found);
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
