// What the page does without a script, more comfortably: a file can be dropped, and one sees how far it is.
// The server's own pages are shown in either case; this one puts their content in place of its own.
const STEP = 10; // percent, for those who hear it

function begin() {
  const form = document.querySelector("form.upload");
  if (!form) return;
  const input = form.elements.file;
  const drop = form.querySelector(".drop");
  const over = (isOver) => drop.classList.toggle("over", isOver);
  input.before(note("Drop it here, or choose it."));
  form.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  form.addEventListener("dragleave", (event) => { if (!form.contains(event.relatedTarget)) over(false); });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    send(form, input.files[0]);
  });
  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    send(form, input.files[0]);
  });
}

function note(text) {
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  return paragraph;
}

function send(form, file) {
  if (form.dataset.sending) return;
  const status = form.querySelector("[role=status]");
  if (file.size > Number(form.dataset.most)) {
    status.textContent = `${file.name} has more than 50 MB. Divide it, or leave out columns that nobody needs.`;
    return;
  }
  form.dataset.sending = "yes";
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", "Progress");
  bar.max = 1;
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "quiet";
  stop.textContent = "Stop";
  form.querySelector(".buttons").append(stop);
  status.before(bar);
  status.textContent = `Sending ${file.name}`;

  const request = new XMLHttpRequest();
  let told = 0;
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = loaded / total;
    const percent = Math.floor((100 * loaded) / total);
    if (percent < told + STEP) return;
    told = percent - (percent % STEP);
    status.textContent = percent < 100 ? `Sending ${file.name}: ${told} %` : `Reading ${file.name}`;
  };
  const over = (words) => {
    bar.remove();
    stop.remove();
    delete form.dataset.sending;
    status.textContent = words;
  };
  request.onload = () => show(request.response);
  request.onerror = () => over("The connection broke off. Nothing was kept: try again.");
  request.onabort = () => over("Stopped. Nothing was kept.");
  stop.onclick = () => request.abort();
  request.open("POST", form.action);
  request.responseType = "document";
  request.send(new FormData(form));
}

function show(answer) {
  document.title = answer.title;
  document.querySelector("main").replaceWith(document.adoptNode(answer.querySelector("main")));
  begin();
  const first = document.querySelector("[role=alert]") ?? document.querySelector("h1");
  first.tabIndex = -1;
  first.focus();
}

begin();
