// Says what went wrong with a passkey where the person looks, instead of in the console only.
document.addEventListener("allauth.error", (event) => {
  const place = document.getElementById("passkey_trouble");
  const name = event.detail.exception && event.detail.exception.name;
  const words = {
    NotAllowedError: "No passkey was used: the question was closed, or took too long. Please try again.",
    InvalidStateError: "This key is registered for your account already.",
    SecurityError: "This address is none that passkeys work at.",
    NotSupportedError: "This browser or key cannot do what is asked for.",
  };
  if (!place) return;
  event.preventDefault();
  place.textContent = words[name] || "The passkey could not be used. Please try again.";
  place.hidden = false;
});
