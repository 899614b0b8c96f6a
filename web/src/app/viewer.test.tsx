import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { useMayIn } from "@/components/use-may-in";
import { useOnlyCustomer, useSeesSeveral } from "@/components/use-first-customers";
import { useIsStaff, useMay, useViewer, ViewerContext } from "@/components/use-viewer";
import { type Answer, everything, graphOf, show, viewerOf } from "@/testing/render";
import { ViewerProvider } from "./viewer";

const viewer = (patch: object = {}) => ({ data: { viewer: { ...viewerOf(["DATABASES_READ"]), ...patch } } });
const failed = { errors: [{ message: "x", extensions: { code: "UNAVAILABLE", requestId: "r-7" } }] };

function Told() {
  const { user } = useViewer();
  const may = useMay();
  return <p>{user.name}, {useIsStaff() ? "staff" : "no staff"}, {may("DATABASES_READ") ? "reads" : "reads not"}, {may("DATABASES_WRITE") ? "writes" : "writes not"}</p>;
}
const open = (answer: Answer | Answer[] | (() => Promise<Answer>)) => {
  const graph = graphOf({ Viewer: answer });
  return { graph, ...show(<ViewerProvider><Told /></ViewerProvider>, graph) };
};

describe("who is signed in", () => {
  it("is unknown while it is asked: nothing of the page is shown, and that is said", async () => {
    let answer = (_: Answer) => {};
    open(() => new Promise((go) => (answer = go)));
    expect(await screen.findByText("Loading the panel")).toBeInTheDocument();
    expect(screen.queryByText(/Ada/)).not.toBeInTheDocument();
    answer(viewer());
    expect(await screen.findByText(/^Ada/)).toBeVisible();
  });
  it("is given to all that is within, with what that user may do", async () => {
    open(viewer());
    expect(await screen.findByText("Ada, staff, reads, writes not")).toBeVisible();
  });
  it("is no staff without a role of the provider", async () => {
    open(viewer({ user: { ...viewerOf().user, role: null } }));
    expect(await screen.findByText(/no staff/)).toBeVisible();
  });
  it("cannot be read: it says so with the request, and is read again", async () => {
    const user = userEvent.setup();
    open([failed, viewer()]);
    expect(await screen.findByText("Request r-7")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText(/^Ada/)).toBeVisible();
  });
  it("is a mistake to be asked for outside of it", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    show(<ViewerContext value={null}><Told /></ViewerContext>);
    expect(await screen.findByText(/useViewer is for what is within the shell/)).toBeInTheDocument();
  });
});

describe("what the viewer may do within one customer", () => {
  const In = ({ id }: { id: string | undefined }) => {
    const may = useMayIn(id);
    return <p>{may("DATABASES_WRITE") ? "writes" : "writes not"}</p>;
  };
  const permissions = (...held: string[]) => ({ PermissionsIn: { data: { viewer: { permissions: held } } } });
  it.each([
    ["holds there what is held nowhere else", [] as never[], permissions("DATABASES_WRITE"), "writes"],
    ["holds not there what is held elsewhere", ["DATABASES_WRITE" as const], permissions("DATABASES_READ"), "writes not"],
    ["is that of anywhere until it is known", ["DATABASES_WRITE" as const], { PermissionsIn: failed }, "writes"],
  ])("%s", async (_, anywhere, answers, said) => {
    const graph = graphOf(answers as never);
    show(<In id="cust_1" />, graph, { viewer: viewerOf(anywhere) });
    expect(await screen.findByText(said)).toBeVisible();
    expect(graph.sent[0]?.variables).toEqual({ customerId: "cust_1" });
  });
  it("is not asked of no customer", async () => {
    const graph = graphOf({});
    show(<In id={undefined} />, graph, { viewer: viewerOf(["DATABASES_WRITE"]) });
    expect(await screen.findByText("writes")).toBeVisible();
    expect(graph.sent).toHaveLength(0);
  });
});

describe("which customer there is to choose", () => {
  const Choice = () => {
    const only = useOnlyCustomer();
    const several = useSeesSeveral();
    return <p>{only ?? "no one customer"}, {several ? "several" : "not several"}</p>;
  };
  const customers = (...ids: string[]) => graphOf({ FirstCustomers: { data: { customers: { nodes: ids.map((id) => ({ id })) } } } });
  const user = (role: "ADMIN" | null) => viewerOf(everything, { user: { ...viewerOf().user, role } });
  it.each([
    ["the only one of a customer's user", ["c1"], null, "c1, not several"], ["none of two", ["c1", "c2"], null, "no one customer, several"],
    ["none of none", [], null, "no one customer, not several"], ["none for staff, who may choose others", ["c1"], "ADMIN", "no one customer, not several"],
  ] as const)("%s", async (_, ids, role, said) => {
    const graph = customers(...ids);
    show(<Choice />, graph, { viewer: user(role) });
    await waitFor(() => expect(graph.sent).toHaveLength(1)); // one query for both
    expect(await screen.findByText(said)).toBeVisible();
  });
});
