/** What is used of the extension's APIs: https://developer.chrome.com/docs/extensions/reference/api */
declare const chrome: {
  readonly action: {
    readonly onClicked: { addListener(listener: (tab: { readonly id?: number }) => void): void };
  };
  readonly sidePanel: { open(options: { tabId: number }): Promise<void> };
};

// The click is what gives the panel the right to read this one tab (`activeTab`), and must open it itself.
chrome.action.onClicked.addListener(({ id }) => {
  if (id !== undefined) void chrome.sidePanel.open({ tabId: id });
});

export {};
