import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { type Answer, graphOf, show, viewerOf } from "@/testing/render";
import { SecurityPage } from "./security";

const session = (id: string, current: boolean) => ({ id, device: current ? "Firefox on Linux" : "Safari on iPhone", ip: "203.0.113.5", lastSeenAt: new Date().toISOString(), createdAt: new Date().toISOString(), expiresAt: "2027-01-01T00:00:00Z", current });
const token = { id: "t1", name: "nightly backup", prefix: "mpt_ABCDEFGH", permissions: ["DATABASES_READ"], objectIds: [], cidrs: ["203.0.113.0/24"], expiresAt: "2027-01-01T00:00:00Z", lastUsedAt: null, lastUsedIp: null, createdAt: "2026-01-01T00:00:00Z", customer: null };
const security = (more: object = {}): Answer => ({ data: { viewer: { user: { id: "u-me" }, sessions: [session("s1", true), session("s2", false)], apiTokens: [token], impersonations: [{ staffName: "Grace of the staff", reason: "A backup that failed, ticket 12", startedAt: "2026-01-01T10:00:00Z", expiresAt: "2026-01-01T10:15:00Z", endedAt: null }], ...more } } });
const none: Answer = { data: { customers: { nodes: [] }, databases: { nodes: [] } } };
const at = (viewer = viewerOf(["DATABASES_READ", "DATABASES_WRITE"])) => ({ path: "/security", viewer });

describe("U39: the second factor", () => {
  it("U39: shows QR and secret, needs a valid code, then shows the recovery codes once", async () => {
    const user = userEvent.setup();
    const saved = vi.spyOn(files, "save").mockImplementation(() => {});
    const graph = graphOf({
      Security: security(),
      BeginTotp: { data: { beginTotp: { otpauthUrl: "otpauth://totp/MPanel:ada?secret=JBSWY3DPEHPK3PXP&issuer=MPanel", qrSvg: "<svg xmlns='http://www.w3.org/2000/svg'/>" } } },
      ConfirmTotp: [
        { errors: [{ message: "The code is wrong.", extensions: { code: "INVALID", field: "code" } }] },
        { data: { confirmTotp: { recoveryCodes: ["aaaa-bbbb", "cccc-dddd"] } } },
      ],
    });
    show(<SecurityPage />, graph, at());
    await user.click(await screen.findByRole("button", { name: "Set up" }));
    const image = await screen.findByRole("img", { name: "QR code for the authenticator app" });
    expect(image.getAttribute("src")).toMatch(/^data:image\/svg\+xml;base64,/);
    expect(screen.getByText("JBSW Y3DP EHPK 3PXP")).toBeVisible();
    expect(screen.getByRole("link", { name: "Open in an app on this device" })).toHaveAttribute("href", expect.stringMatching(/^otpauth:/));
    expect(screen.getByRole("button", { name: "Turn on" })).toBeDisabled();

    await user.click(screen.getByLabelText("Code of the app 1/6"));
    await user.paste("123456");
    await user.click(screen.getByRole("button", { name: "Turn on" }));
    expect(await screen.findByText("The code is wrong.")).toBeVisible();
    expect(screen.queryByText(/aaaa-bbbb/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Turn on" }));

    expect(await screen.findByText(/aaaa-bbbb/)).toBeVisible();
    await user.keyboard("{Escape}");
    expect(screen.getByText(/aaaa-bbbb/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Download" }));
    expect(saved).toHaveBeenCalledWith("mpanel-recovery-codes.txt", expect.any(String), "aaaa-bbbb\ncccc-dddd\n");
    await user.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(screen.queryByText(/aaaa-bbbb/)).toBeNull());
    for (const sent of graph.sent.filter(({ operationName }) => /Totp/.test(operationName))) expect(sent.headers).not.toHaveProperty("idempotency-key");
    expect(graph.sent.filter(({ operationName }) => operationName === "ConfirmTotp").map(({ variables }) => variables)).toEqual([{ input: { code: "123456" } }, { input: { code: "123456" } }]);
  });

  it("U39: is turned off only after a question, and the panel's refusal is told", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ Security: security(), DisableTotp: { errors: [{ message: "Your role needs one.", extensions: { code: "FORBIDDEN" } }] } });
    show(<SecurityPage />, graph, at(viewerOf([], { user: { ...viewerOf().user, totpEnabled: true } })));
    await user.click(await screen.findByRole("button", { name: "Turn off" }));
    expect(graph.sent.some(({ operationName }) => operationName === "DisableTotp")).toBe(false);
    const dialog = await screen.findByRole("dialog", { name: "Turn off" });
    await user.click(within(dialog).getByRole("button", { name: "Turn off" }));
    expect(await screen.findByText("Your role needs one.")).toBeVisible();
  });

  it("U39: is all that is offered while the role needs it and it is missing", async () => {
    const graph = graphOf({});
    show(<SecurityPage />, graph, at(viewerOf([], { secondFactorMissing: true })));
    expect(await screen.findByRole("button", { name: "Set up" })).toBeEnabled();
    expect(screen.queryByText("Sessions")).toBeNull();
    expect(graph.sent).toEqual([]);
  });
});

describe("U39: sessions", () => {
  it("U39: has the current one marked, and ends another or all others", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ Security: security(), RevokeSession: { data: { revokeSession: { revoked: 1 } } } });
    show(<SecurityPage />, graph, at());
    const list = within(await screen.findByRole("region", { name: "Sessions" }));
    expect(list.getByText("This one")).toBeVisible();
    expect(list.queryByRole("button", { name: /Firefox/ })).toBeNull();
    await user.click(list.getByRole("button", { name: "End the session on Safari on iPhone" }));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "End session" }));
    await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "RevokeSession")?.variables).toEqual({ input: { id: "s2" } }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await user.click(list.getByRole("button", { name: "End all others" }));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "End all others" }));
    await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === "RevokeSession").at(-1)?.variables).toEqual({ input: { all: true } }));
    expect(await screen.findByText("1 session has ended.")).toBeVisible();
  });

  it("U39: a list that could not be read says so, and is read again", async () => {
    const user = userEvent.setup();
    show(<SecurityPage />, graphOf({ Security: [{ errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-1" } }] }, security()] }), at());
    expect(await screen.findByText("Request r-1")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Firefox on Linux")).toBeVisible();
  });
});

describe("U39: API tokens", () => {
  it("U39: are made with what they may do, shown once, and never with Show GraphQL", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      Security: security(), ChooseCustomer: none, DatabasesToPin: none,
      CreateApiToken: [
        { errors: [{ message: "Between 1 and 100 characters.", extensions: { code: "INVALID", field: "name" } }] },
        { data: { createApiToken: { apiToken: { id: "t2" }, token: "mpt_SECRET" } } },
      ],
    });
    show(<SecurityPage />, graph, at());
    await user.click(await screen.findByRole("button", { name: "New API token" }));
    const form = within(await screen.findByRole("dialog", { name: "New API token" }));
    expect(form.getByRole("button", { name: "Create token" })).toBeDisabled();
    expect(form.queryByRole("checkbox", { name: "Read the audit log" })).toBeNull();
    await user.click(form.getByRole("checkbox", { name: "See databases" }));
    await user.click(form.getByRole("button", { name: "Create token" }));
    expect(await form.findByText("Between 1 and 100 characters.")).toBeVisible();
    await waitFor(() => expect(form.getByLabelText("Name")).toHaveFocus());
    await user.type(form.getByLabelText("Name"), "ci");
    await user.click(form.getByRole("button", { name: "Create token" }));
    expect(await screen.findByText("mpt_SECRET")).toBeVisible();
    const input = graph.sent.filter(({ operationName }) => operationName === "CreateApiToken").at(-1)?.variables.input as Record<string, unknown>;
    expect(input).toMatchObject({ name: "ci", permissions: ["DATABASES_READ"], customerId: null, objectIds: null, cidrs: null });
    const days = (Date.parse(String(input.expiresAt)) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
    await user.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(screen.queryByText("mpt_SECRET")).toBeNull());
  });

  it("U39: are listed with prefix, last use and expiry, and revoked", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ Security: security(), RevokeApiToken: { data: { revokeApiToken: { apiToken: { id: "t1" } } } } });
    show(<SecurityPage />, graph, at());
    const list = within(await screen.findByRole("region", { name: "API tokens" }));
    expect(list.getByText("mpt_ABCDEFGH…")).toBeVisible();
    expect(list.getByText("never")).toBeVisible();
    expect(list.getByText(/only from 203\.0\.113\.0\/24/)).toBeVisible();
    await user.click(list.getByRole("button", { name: "Revoke nightly backup" }));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Revoke" }));
    await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "RevokeApiToken")?.variables).toEqual({ input: { id: "t1" } }));
  });
});

it("U39: the password is changed with the one before, and what is wrong stands beside it", async () => {
  const user = userEvent.setup();
  const graph = graphOf({
    Security: security(),
    ChangePassword: [{ errors: [{ message: "The password is wrong.", extensions: { code: "INVALID", field: "currentPassword" } }] }, { data: { changePassword: { ok: true } } }],
  });
  show(<SecurityPage />, graph, at());
  await user.click(await screen.findByRole("button", { name: "Change password" }));
  const form = within(await screen.findByRole("dialog"));
  await user.type(form.getByLabelText("Current password"), "not this one");
  await user.type(form.getByLabelText("New password"), "four random words here");
  await user.click(form.getByRole("button", { name: "Show GraphQL" }));
  expect(document.body.textContent).not.toContain("four random words here");
  await user.keyboard("{Escape}");
  await user.click(form.getByRole("button", { name: "Change password" }));
  expect(await form.findByText("The password is wrong.")).toBeVisible();
  await user.click(form.getByRole("button", { name: "Change password" }));
  expect(await screen.findByText("Your password is changed, and all other sessions have ended.")).toBeVisible();
});

it("U21: whoever was acted as reads by whom, and why", async () => {
  show(<SecurityPage />, graphOf({ Security: security() }), at());
  expect(await screen.findByText("Grace of the staff")).toBeVisible();
  expect(screen.getByText("A backup that failed, ticket 12")).toBeVisible();
});
