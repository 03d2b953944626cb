package dev.mishap.control.serve;

import dev.mishap.control.api.RefusedCalls;
import dev.mishap.control.http.Admission;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import dev.mishap.control.security.NodeAuthorizer;
import java.util.List;

/** Lets nodes in that poll. Which node it is stands in the body; whoever has no certificate where one is needed is not read that far. */
final class NodeAdmission implements Admission {
    private final NodeAuthorizer nodes;
    private final RefusedCalls refused;

    NodeAdmission(NodeAuthorizer nodes, RefusedCalls refused) {
        this.nodes = nodes;
        this.refused = refused;
    }

    @Override
    public Caller admit(Credentials credentials) {
        return admitAnyone(credentials);
    }

    @Override
    public Caller admitAnyone(Credentials credentials) {
        if (nodes.required() && credentials.certificates().isEmpty()) {
            String why = "a proxy needs a certificate of a client here, and there is none";
            refused.node("unknown", credentials.address(), why);
            throw new ProblemException(ProblemKind.FORBIDDEN, why);
        }
        return new Caller("node", credentials.address(), List.of());
    }
}
