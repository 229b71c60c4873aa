import MoqWatch from '@moq/watch/element';

/** Plays what the page's URL says, observed by what is given; `firstFrame` is when there was a picture. */
export function play(observe = () => {}) {
  const given = new URLSearchParams(location.search);
  const element = new MoqWatch();
  element.append(document.createElement('canvas'));
  globalThis.firstFrame = new Promise((resolve) => {
    element.renderer.out.frame.subscribe((frame) => frame && resolve(performance.now()));
  });
  observe(element);
  element.url = given.get('url');
  element.name = given.get('name');
  document.body.append(element);
}
